// Random plans. The same seed makes the same plan.
#pragma once

#include "tests/differ/plan.hh"

#include <ostream>
#include <random>

namespace bpvs::differ {

class Random {
public:
    explicit Random(u64 seed) : engine_(seed) {}
    /// lowest … highest
    u32 between(u32 lowest, u32 highest) { return lowest + static_cast<u32>(engine_() % (u64{highest} - lowest + 1)); }
    bool one_in(u32 n) { return between(1, n) == 1; }
    template <class T>
    const T& of(const std::vector<T>& all) {
        return all[between(0, static_cast<u32>(all.size()) - 1)];
    }
    /// An index, weights[index] often.
    std::size_t weighted(const std::vector<u32>& weights);

private:
    std::mt19937_64 engine_;
};

/// What all sequences of a plan have in common.
struct Common {
    std::string settings;        ///< a part that sets them; may be empty
    std::map<u32, double> waits; ///< by round
    u32 rounds = 0;
    bool removals_need_time = false; ///< IPVS ends connections of a removed server at once, BPVS within a second
};

/// A line of a sequence's own steps, for each round.
using Steps = std::vector<std::string>;

struct Server {
    std::string endpoint; ///< ADDRESS:PORT
    u32 weight = 1;
};

/// A scheduler as -s takes it, with its flags.
std::string scheduler_words(Random& random);
/// "-a NAME -r SERVER -m -w WEIGHT"
std::string server_command(char command, const std::string& service, const Server& server,
                           const std::string& more = "");
std::string endpoint_text(const std::string& address, u32 port);

Common common_of_events(Random& random);
void events(Random random, u32 plot, const Common& common, std::ostream& out);
void choices(Random random, u32 plot, std::ostream& out);

/// Five services, 100,000 choices: the same each time.
void measure_twos(std::ostream& out);

/// kind: events (everything) or choices (many connections, many servers).
void generate(const std::string& kind, u64 seed, u32 count, std::ostream& out);

} // namespace bpvs::differ
