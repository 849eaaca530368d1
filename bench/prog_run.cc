// bpvs-prog-run: what the loaded programs of this network namespace's director cost, in nanoseconds a
// packet, by BPF_PROG_TEST_RUN, next to an empty program measured in the same breath.
//
// A repeated test run hands the program the same buffer again, and the first run has translated it. So
// there are two services, A with server B and B with server A, and one client port with a connection to
// each: a request to A becomes a request to B, that one becomes a request to A, and the replies likewise.
// Every repetition is a translation of an established connection until the TTL is used up. The packet
// that comes back tells whether all of them were: TTL, addresses, next hop's MAC and checksums.
#include "bench/test_run.hh"
#include "core/net/headers.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using kernel::Fd;
using lab::Endpoint;

constexpr int repeat = 250; // even, so that addresses come back; below the first TTL
constexpr int warming = 50; // of these: not measured
constexpr u8 first_ttl = 255;
constexpr u8 ack = net::tcp::ack;
constexpr u8 syn = net::tcp::syn;

struct Arguments {
    std::string outside = "eth0", inside = "eth1";
    std::string client = "192.168.1.1:40000", a = "172.16.1.1:8080", b = "172.16.1.2:8080";
    unsigned calls = 1000;
};

/// One packet and what a program makes of it.
struct Case {
    const char* name;
    int program;
    Run run;
    u32 result;
    bool translated;
};

Endpoint endpoint(const std::string& text) {
    auto e = lab::parse_endpoint(text);
    if (!e)
        give_up(e.error());
    return *e;
}

/// All of a case's repetitions did what the case is about, or the numbers mean nothing.
void check(const Case& c, const Outcome& out, int times) {
    const auto wrong = [&](const char* what) { give_up(fmt::format("'{}' was not measured: {}", c.name, what)); };
    if (out.result != c.result)
        wrong(fmt::format("the program returned {} instead of {}", static_cast<int>(out.result),
                          static_cast<int>(c.result))
                  .c_str());
    if (!c.translated) {
        if (out.frame != c.run.frame)
            wrong("the packet was changed");
        return;
    }
    const auto before = lab::parse_packet(c.run.frame);
    const auto after = lab::parse_packet(out.frame);
    if (!before || !after)
        return wrong("what came back is no TCP packet");
    if (after->ttl != first_ttl - times)
        wrong("not every repetition forwarded the packet (TTL)");
    const bool same = after->source == before->source && after->destination == before->destination;
    if (same != (times % 2 == 0))
        wrong("not every repetition translated the packet (addresses)");
    if (after->smac == before->smac)
        wrong("the MAC addresses of the way out are missing");
    if (after->ip_sum != lab::Sum::good || after->tcp_sum != lab::Sum::good)
        wrong("the checksums are wrong");
}

/// One connection, by its handshake. The packets go nowhere: a test run's redirect is not carried out.
void establish(int ingress, const Interface& outside, const Interface& inside, const Endpoint& client,
               const Endpoint& service, const Endpoint& server) {
    const auto frame = [](const Interface& at, const Endpoint& from, const Endpoint& to, u8 flags) {
        return make_tcp(at.mac, from, to, flags, first_ttl);
    };
    const Case handshake[] = {
        {"SYN", ingress, {frame(outside, client, service, syn), outside.index}, TC_ACT_REDIRECT, true},
        {"SYN, ACK", ingress, {frame(inside, server, client, syn | ack), inside.index}, TC_ACT_REDIRECT, true},
        {"ACK", ingress, {frame(outside, client, service, ack), outside.index}, TC_ACT_REDIRECT, true},
    };
    for (const Case& c : handshake)
        check(c, test_run(c.program, c.run, 1), 1);
}

/// What a case and the empty program took in one call each, one after the other: whatever else the machine does hits
/// both, and both calls follow one of the other program.
struct Both {
    u32 ours;
    u32 nothing;
};

Both call_both(const Case& c, int empty, int times) {
    const Outcome out = test_run(c.program, c.run, times);
    check(c, out, times);
    const u32 n = static_cast<u32>(times);
    return {out.nanoseconds * n, test_run(empty, c.run, times).nanoseconds * n};
}

/// A packet of the repetitions after the first `warming` ones; of one, if there is no more. At XDP a call begins with
/// all caches cold: before, the kernel makes the program known to all CPUs, and waits for them.
Both measure_once(const Case& c, int empty, int times) {
    if (times == 1)
        return call_both(c, empty, 1);
    const Both first = call_both(c, empty, warming);
    const Both all = call_both(c, empty, times);
    const u32 n = static_cast<u32>(times - warming);
    const auto less = [n](u32 a, u32 b) { return a > b ? (a - b) / n : 0; };
    return {less(all.ours, first.ours), less(all.nothing, first.nothing)};
}

void measure(const std::vector<Case>& cases, int empty, const char* method, int times, unsigned calls) {
    std::vector<std::vector<u32>> ours(cases.size());
    std::vector<std::vector<u32>> nothing(cases.size());
    for (unsigned call = 0; call < calls; call++) {
        for (std::size_t i = 0; i < cases.size(); i++) {
            const Both b = measure_once(cases[i], empty, times);
            ours[i].push_back(b.ours);
            nothing[i].push_back(b.nothing);
        }
    }
    for (std::size_t i = 0; i < cases.size(); i++)
        fmt::print("{},{},{},{}\n", method, cases[i].name, median(ours[i]), median(nothing[i]));
}

/// The same packets at XDP. A chain only where next hops have the MAC address of the interface that packets arrive on:
/// the second repetition would see a frame for somebody else.
void measure_xdp(const Arguments& arguments, std::vector<Case> cases, const Fd& program) {
    cases.pop_back(); // what leaves is not seen there
    for (Case& c : cases) {
        c.program = program.get();
        c.run.hook = Hook::xdp;
        c.result = c.translated ? XDP_REDIRECT : XDP_PASS;
    }
    const Fd empty = empty_program(Hook::xdp);
    measure(cases, empty.get(), "xdp", repeat, arguments.calls);
}

void measure_all(const Arguments& arguments) {
    const Interface outside = interface_named(arguments.outside);
    const Interface inside = interface_named(arguments.inside);
    const Endpoint client = endpoint(arguments.client);
    const Endpoint a = endpoint(arguments.a);
    const Endpoint b = endpoint(arguments.b);
    const Endpoint unknown{a.addr, to_be16(9)};
    const Fd in = pinned_program("bpvs_ingress");
    const Fd out = pinned_program("bpvs_egress");
    const Fd empty = empty_program();

    establish(in.get(), outside, inside, client, a, b);
    establish(in.get(), outside, inside, client, b, a);
    const auto to = [](const Interface& at, const Endpoint& from, const Endpoint& dest) {
        return make_tcp(at.mac, from, dest, ack, first_ttl);
    };
    const u32 pass = static_cast<u32>(TC_ACT_UNSPEC);
    const std::vector<Case> cases{
        {"request", in.get(), {to(outside, client, a), outside.index}, TC_ACT_REDIRECT, true},
        {"reply", in.get(), {to(inside, a, client), inside.index}, TC_ACT_REDIRECT, true},
        {"not ours", in.get(), {to(outside, client, unknown), outside.index}, pass, false},
        {"leaving", out.get(), {to(inside, client, b), inside.index, outside.index}, pass, false},
    };
    measure(cases, empty.get(), "chain", repeat, arguments.calls);
    measure(cases, empty.get(), "single", 1, arguments.calls * 5);
    if (const auto at_xdp = program_at_xdp())
        measure_xdp(arguments, cases, *at_xdp);
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app("Nanoseconds a packet of the programs of this network namespace's director, as lines\n"
                 "METHOD,CASE,PROGRAM,EMPTY PROGRAM. There must be two services, A with server B and B with server A.",
                 "bpvs-prog-run");
    Arguments arguments;
    app.add_option("--outside", arguments.outside, "the director's interface to the client")->capture_default_str();
    app.add_option("--inside", arguments.inside, "the director's interface to the servers")->capture_default_str();
    app.add_option("--client", arguments.client, "the client's ADDRESS:PORT")->capture_default_str();
    app.add_option("-a", arguments.a, "ADDRESS:PORT of service A and of B's server")->capture_default_str();
    app.add_option("-b", arguments.b, "ADDRESS:PORT of service B and of A's server")->capture_default_str();
    app.add_option("--calls", arguments.calls, "test runs per case, each of 250 packets")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    measure_all(arguments);
} catch (const std::exception& error) {
    std::fprintf(stderr, "bpvs-prog-run: %s\n", error.what());
    return 1;
}
