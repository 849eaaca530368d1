// Plans that measure twos, which chooses at random: services by mark whose connections stay as they are, while
// datagrams of one-packet scheduling are counted by the server that they go to (twos.py).
#include "tests/differ/generator.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace bpvs::differ {

namespace {

struct Farm {
    std::vector<u32> weights;
    std::vector<u32> active; ///< connections of each server all the while
};

/// twos.py has the same.
const std::vector<Farm> farms{{{1, 1}, {0, 0}},
                              {{1, 1}, {0, 5}},
                              {{3, 2, 1}, {0, 0, 0}},
                              {{5, 3, 1}, {10, 3, 1}},
                              {{1, 2, 3, 4, 40}, {7, 1, 9, 0, 120}}};

constexpr u32 rounds = 40;
constexpr u32 datagrams = 500;

class Measurement {
public:
    Measurement(u32 plot, const Farm& farm) : plot_(plot), farm_(farm), mark_(mark_of_plot(plot, 0)) {}

    void write(std::ostream& out) {
        std::string step = fmt::format("bpvsadm -A -f {} -s rr -o", mark_);
        for (u32 n = 0; n < farm_.weights.size(); n++)
            step += " | " + server('a', n, 0);
        fmt::print(out, "sequence {}\nstep {}\n", plot_, step);
        for (u32 n = 0; n < farm_.weights.size(); n++)
            fmt::print(out, "step {}{}\nstep {}\n", server('e', n, 1), connections(farm_.active[n]), server('e', n, 0));
        step = fmt::format("bpvsadm -E -f {} -s twos -o", mark_);
        for (u32 n = 0; n < farm_.weights.size(); n++)
            step += " | " + server('e', n, farm_.weights[n]);
        fmt::print(out, "step {}\n", step);
        for (u32 r = 0; r < rounds; r++)
            fmt::print(out, "step {}\n", fmt::join(std::vector(datagrams, datagram()), " | "));
    }

private:
    std::string server(char command, u32 n, u32 weight) const {
        return server_command(command, fmt::format("-f {}", mark_),
                              {endpoint_text(server_address(Family::v4, plot_, n + 1), 8000), weight});
    }

    std::string packet(const char* protocol, u32 port, const char* flags) const {
        return fmt::format("in {} {} > {}{} mark {}", protocol,
                           endpoint_text(client_address(Family::v4, plot_, 1), port),
                           endpoint_text(vip_address(Family::v4, plot_, 1), 80), flags, mark_);
    }

    std::string connections(u32 count) {
        std::string parts;
        for (; count > 0; count--)
            parts += " | " + packet("tcp", next_port_++, " S");
        return parts;
    }

    std::string datagram() const { return packet("udp", 1000, ""); }

    u32 plot_;
    const Farm& farm_;
    u32 mark_;
    u32 next_port_ = 2000;
};

} // namespace

void measure_twos(std::ostream& out) {
    fmt::print(out, "look late\n");
    for (u32 i = 0; i < farms.size(); i++)
        Measurement(i, farms[i]).write(out);
}

} // namespace bpvs::differ
