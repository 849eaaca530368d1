#include "tests/differ/plan.hh"

#include <fmt/format.h>

#include <sstream>

namespace bpvs::differ {

namespace {

std::string address(Family family, u32 v4_net, const char* v6_net, u32 plot, u32 n) {
    if (family == Family::v6)
        return fmt::format("2001:db8:{}:{:x}::{:x}", v6_net, plot, n);
    return fmt::format("10.{}.{}.{}", v4_net + (plot >> 8), plot & 255, n);
}

FlowOfPlan read_flow(std::istringstream& words) {
    FlowOfPlan flow;
    std::string protocol;
    if (!(words >> protocol >> flow.client >> flow.server))
        throw Wrong("a flow has a number, a protocol, a client and a server");
    flow.protocol = protocol == "tcp" ? 6 : 17;
    return flow;
}

} // namespace

Plan read_plan(std::istream& file) {
    Plan plan;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string word;
        u32 number = 0;
        words >> word;
        if (word == "look" && words >> word)
            plan.look_often = word == "often";
        else if (word == "sequence" && words >> number)
            plan.sequences.push_back({.plot = number});
        else if (word == "flow" && words >> number && !plan.sequences.empty())
            plan.sequences.back().flows[number] = read_flow(words);
        else if (word == "step" && !plan.sequences.empty())
            plan.sequences.back().steps.push_back(line.size() > 5 ? line.substr(5) : "");
        else if (!word.empty() && word[0] != '#')
            throw Wrong(fmt::format("'{}' is no line of a plan", line));
    }
    return plan;
}

std::vector<std::string> parts_of(const std::string& step) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < step.size();) {
        const std::size_t end = std::min(step.find(" | ", at), step.size());
        parts.push_back(step.substr(at, end - at));
        at = end + 3;
    }
    return parts;
}

std::string client_address(Family family, u32 plot, u32 n) { return address(family, 64, "c00", plot, n); }
std::string vip_address(Family family, u32 plot, u32 n) { return address(family, 32, "a00", plot, n); }
std::string server_address(Family family, u32 plot, u32 n) { return address(family, 16, "b00", plot, n); }

u32 mark_of_plot(u32 plot, u32 n) { return plot * 16 + n + 1; }
u32 plot_of_mark(u32 mark) { return (mark - 1) / 16; }

std::optional<u32> plot_of(const Host& addr) {
    if (addr.family == Family::v6) {
        const u32 net = from_be32(addr.addr.word[1]) >> 16;
        const bool ours = from_be32(addr.addr.word[0]) == 0x20010db8 && (net == 0xa00 || net == 0xb00 || net == 0xc00);
        return ours ? std::optional(from_be32(addr.addr.word[1]) & 0xffff) : std::nullopt;
    }
    const u32 a = from_be32(addr.addr.word[0]);
    return a >> 24 == 10 ? std::optional((a >> 8) & 0xfff) : std::nullopt;
}

std::optional<u32> plot_of(const Frame& frame) {
    constexpr std::size_t l3 = 14;
    const bool v6 = frame.size() >= l3 + 40 && frame[l3] >> 4 == 6;
    for (const std::size_t at : v6 ? std::array{l3 + 24, l3 + 8} : std::array{l3 + 16, l3 + 12}) {
        if (frame.size() < at + 4)
            return std::nullopt;
        const Host host = v6 ? Host{Family::v6, net::load<Address>(frame.data() + at)}
                             : Host{Family::v4, address_v4(net::load<Be32>(frame.data() + at))};
        if (const auto plot = plot_of(host))
            return plot;
    }
    return std::nullopt;
}

} // namespace bpvs::differ
