// bpvs-mark-run: what rules that mark packets cost, in nanoseconds a packet, by BPF_PROG_TEST_RUN, less what an
// empty program costs in the same breath. It fills the director of this network namespace with services and rules of
// its own, so it belongs into a lab: bench/marks.
//
// The packets: one that no rule matches and no service takes; one that the last rule marks and no service takes; the
// first of a connection to a service by address, which no rule matches; the first of one that the last rule gives to
// a service by mark. First packets come from a new client port each time, so each is a test run of its own: the
// clock is read twice a packet there, and caches have been through a system call.
#include "bench/test_run.hh"
#include "control/marks.hh"
#include "control/open.hh"
#include "core/net/headers.hh"

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/pkt_cls.h>

#include <cstdio>
#include <functional>

namespace {

using namespace bpvs;
using namespace bpvs::bench;

constexpr int repeat = 250;
constexpr u32 marked = 5, other = 6;

Be32 address(const char* text) {
    Be32 a{};
    inet_pton(AF_INET, text, &a);
    return a;
}

struct Place {
    Be32 client = address("192.168.1.1"), vip = address("1.1.1.1"), server = address("172.16.1.1");
    Interface outside = interface_named("eth0");
    kernel::Fd ingress{}, empty = empty_program();
    u16 next_port = 1024;

    Run packet(u16 port, u16 client_port, u8 flags) const {
        return {make_tcp(outside.mac, {client, to_be16(client_port)}, {vip, to_be16(port)}, flags, 64), outside.index};
    }
};

constexpr u16 by_address = 80, not_ours = 9, port_marked = 60001, port_not_ours_marked = 60003;

template <class T>
T must(Result<T> result) {
    if (!result)
        give_up(result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

MarkRule rule(u32 mark, Be32 destination, u8 length, u16 port) {
    return {.destination = address_v4(destination),
            .mark = mark,
            .first_port = port,
            .last_port = port,
            .length = length,
            .protocol = IpProto::tcp,
            .family = Family::v4};
}

/// `count` rules in all, the last two of which mark.
void set_rules(const Place& place, u32 count, bool one_prefix) {
    const auto opened = must(open_director(Access::create));
    Marks marks(opened->store());
    must(marks.clear());
    for (u32 i = 0; i + 2 < count; ++i)
        must(marks.add(one_prefix ? rule(other, place.vip, 32, static_cast<u16>(1001 + 2 * i))
                                  : rule(other, to_be32(0x0a000000 + (i << 8)), 24, by_address)));
    if (count >= 2) {
        must(marks.add(rule(marked, place.vip, 32, port_marked)));
        must(marks.add(rule(other, place.vip, 32, port_not_ours_marked)));
    }
}

void set_services(const Place& place) {
    const auto opened = must(open_director(Access::create));
    Director& director = opened->director();
    const ServerSpec server{.family = Family::v4, .addr = address_v4(place.server), .method = Forward::masq};
    const ServiceName of_address{.protocol = IpProto::tcp, .vip = address_v4(place.vip), .vport = to_be16(by_address)};
    for (const ServiceName& name : {of_address, ServiceName{.fwmark = marked}}) {
        must(director.add_service({.name = name, .scheduler = "rr"}));
        must(director.add_server(name, server));
    }
}

/// Median of ours less median of the empty program's.
int cost(Place& place, unsigned calls, int times, u32 expected, const std::function<Run()>& next) {
    std::vector<u32> ours, nothing;
    for (unsigned i = 0; i < calls; ++i) {
        const Run run = next();
        const Outcome out = test_run(place.ingress.get(), run, times);
        if (out.result != expected)
            give_up(fmt::format("a packet was not measured: the program returned {} instead of {}",
                                static_cast<int>(out.result), static_cast<int>(expected)));
        ours.push_back(out.nanoseconds);
        nothing.push_back(test_run(place.empty.get(), run, times).nanoseconds);
    }
    return static_cast<int>(median(ours)) - static_cast<int>(median(nothing));
}

void measure(Place& place, u32 rules, bool one_prefix, unsigned calls) {
    set_rules(place, rules, one_prefix);
    const auto pass = static_cast<u32>(TC_ACT_UNSPEC);
    const auto passing = [&](u16 port) {
        return cost(place, calls, repeat, pass, [&] { return place.packet(port, 999, net::tcp::ack); });
    };
    const auto opening = [&](u16 port) {
        return cost(place, calls, 1, TC_ACT_REDIRECT,
                    [&] { return place.packet(port, place.next_port++, net::tcp::syn); });
    };
    fmt::print("{:>5}  {:<11} {:>9}", rules,
               rules <= 2   ? ""
               : one_prefix ? "one prefix"
                            : "as many",
               passing(not_ours));
    fmt::print(" {:>9}", rules ? std::to_string(passing(port_not_ours_marked)) : "-");
    fmt::print(" {:>12}", opening(by_address));
    fmt::print(" {:>9}\n", rules ? std::to_string(opening(port_marked)) : "-");
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app(
        "Nanoseconds a packet of this network namespace's director under rules that mark, in a lab of its own.",
        "bpvs-mark-run");
    unsigned calls = 1000;
    app.add_option("--calls", calls, "test runs per number")->capture_default_str()->check(CLI::Range(1u, 4000u));
    CLI11_PARSE(app, argc, argv);
    Place place;
    set_services(place);
    place.ingress = pinned_program("bpvs_ingress");
    fmt::print("             \t      not ours             first packet of a connection\n");
    fmt::print("rules  prefixes     unmarked    marked   by address   by mark   (ns more than an empty program)\n");
    measure(place, 0, false, calls);
    measure(place, 2, false, calls);
    for (const u32 rules : {100u, 1000u})
        for (const bool one_prefix : {false, true})
            measure(place, rules, one_prefix, calls);
} catch (const std::exception& error) {
    std::fprintf(stderr, "bpvs-mark-run: %s\n", error.what());
    return 1;
}
