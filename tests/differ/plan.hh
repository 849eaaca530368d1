// A plan: sequences of steps that are played side by side, each on a plot of addresses of its own. README.md has the
// language.
#pragma once

#include "tests/scenarios/lib/bench.hh"

#include <istream>
#include <map>

namespace bpvs::differ {

using namespace bpvs::scenario;

/// One client port's traffic. Where it says @N, the server that its last packet went to is meant.
struct FlowOfPlan {
    u8 protocol = 0;
    std::string client; ///< ADDRESS:PORT
    std::string server; ///< the same, until a packet was seen
};

struct Sequence {
    u32 plot = 0;
    std::map<u32, FlowOfPlan> flows;
    std::vector<std::string> steps; ///< parts of a step are separated by " | "
};

struct Plan {
    bool look_often = true; ///< at the connections after every round, else at the end
    std::vector<Sequence> sequences;
};

Plan read_plan(std::istream& file);
std::vector<std::string> parts_of(const std::string& step);

// A plot has room for clients, addresses of the director and servers; all of them tell its number.
constexpr u32 plots = 0xf00;
std::string client_address(Family family, u32 plot, u32 n);
std::string vip_address(Family family, u32 plot, u32 n);
std::string server_address(Family family, u32 plot, u32 n);
/// A mark of the plot, n < 16.
u32 mark_of_plot(u32 plot, u32 n);

/// nullopt: not on a plot.
std::optional<u32> plot_of(const Host& addr);
std::optional<u32> plot_of(const Frame& frame);
u32 plot_of_mark(u32 mark);

} // namespace bpvs::differ
