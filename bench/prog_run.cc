// bpvs-prog-run: what the loaded programs of this network namespace's director cost, in nanoseconds a
// packet, by BPF_PROG_TEST_RUN, next to an empty program measured in the same breath.
//
// A repeated test run hands the program the same buffer again, and the first run has translated it. So
// there are two services, A with server B and B with server A, and one client port with a connection to
// each: a request to A becomes a request to B, that one becomes a request to A, and the replies likewise.
// Every repetition is a translation of an established connection until the TTL is used up. The packet
// that comes back tells whether all of them were: TTL, addresses, next hop's MAC and checksums.
#include "bench/frame.hh"
#include "control/kernel/fd.hh"
#include "control/open.hh"
#include "core/net/headers.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using kernel::Fd;
using lab::Endpoint;

constexpr int repeat = 250; // even, so that addresses come back; below the first TTL
constexpr u8 first_ttl = 255;
constexpr u8 ack = net::tcp::ack;
constexpr u8 syn = net::tcp::syn;

struct Interface {
    u32 index = 0;
    lab::Mac mac{};
};

struct Arguments {
    std::string outside = "eth0", inside = "eth1";
    std::string client = "192.168.1.1:40000", a = "172.16.1.1:8080", b = "172.16.1.2:8080";
    unsigned calls = 1000;
};

/// One packet and what a program makes of it.
struct Case {
    const char* name;
    int program;
    Frame frame;
    u32 ifindex;
    u32 came_in_by; ///< ingress_ifindex, for the egress program
    u32 result;
    bool translated;
};

[[noreturn]] void give_up(const std::string& sentence) { throw std::runtime_error(sentence); }

Interface interface_named(const std::string& name) {
    const Fd s(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    Interface i{.index = if_nametoindex(name.c_str())};
    if (i.index == 0 || ioctl(s.get(), SIOCGIFHWADDR, &request) != 0)
        give_up(fmt::format("cannot look at interface {}: {}; name the director's with --outside and --inside", name,
                            std::strerror(errno)));
    std::copy_n(request.ifr_hwaddr.sa_data, i.mac.size(), i.mac.begin());
    return i;
}

Endpoint endpoint(const std::string& text) {
    auto e = lab::parse_endpoint(text);
    if (!e)
        give_up(e.error());
    return *e;
}

Fd pinned_program(const std::string& name) {
    const auto status = director_status();
    if (!status)
        give_up(status.error().message);
    if (!status->up)
        give_up("no director is up in this network namespace; make one with bpvsadm -A");
    Fd program(bpf_obj_get((status->pin_path + "/" + name).c_str()));
    if (!program)
        give_up(fmt::format("cannot open {}/{}: {}; run this in the host's mount namespace (nsenter --net)",
                            status->pin_path, name, std::strerror(errno)));
    return program;
}

/// `return TC_ACT_UNSPEC;` in the kernel's instructions.
Fd empty_program() {
    const bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_UNSPEC},
                             {.code = BPF_JMP | BPF_EXIT}};
    Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "MIT", code, std::size(code), nullptr));
    if (!program)
        give_up(fmt::format("cannot load an empty program: {}; root is needed", std::strerror(errno)));
    return program;
}

struct Outcome {
    u32 nanoseconds; ///< per repetition, rounded down by the kernel
    u32 result;
    Frame frame;
};

Outcome run(int program, const Case& c, int times) {
    Outcome out{};
    __sk_buff context{};
    context.ifindex = c.ifindex;
    context.ingress_ifindex = c.came_in_by;
    LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = c.frame.data(), .data_out = out.frame.data(),
                .data_size_in = static_cast<u32>(c.frame.size()), .data_size_out = static_cast<u32>(out.frame.size()),
                .ctx_in = &context, .ctx_size_in = sizeof context, .repeat = times);
    if (bpf_prog_test_run_opts(program, &o) != 0)
        give_up(fmt::format("a test run of '{}' failed: {}", c.name, std::strerror(errno)));
    out.nanoseconds = o.duration;
    out.result = o.retval;
    return out;
}

/// All of a case's repetitions did what the case is about, or the numbers mean nothing.
void check(const Case& c, const Outcome& out, int times) {
    const auto wrong = [&](const char* what) { give_up(fmt::format("'{}' was not measured: {}", c.name, what)); };
    if (out.result != c.result)
        wrong(fmt::format("the program returned {} instead of {}", static_cast<int>(out.result),
                          static_cast<int>(c.result))
                  .c_str());
    if (!c.translated) {
        if (out.frame != c.frame)
            wrong("the packet was changed");
        return;
    }
    const auto before = lab::parse_packet(c.frame);
    const auto after = lab::parse_packet(out.frame);
    if (!before || !after)
        return wrong("what came back is no TCP packet");
    if (after->ttl != first_ttl - times)
        wrong("not every repetition forwarded the packet (TTL)");
    const bool same = after->source == before->source && after->destination == before->destination;
    if (same != (times % 2 == 0))
        wrong("not every repetition translated the packet (addresses)");
    if (after->dmac == before->dmac)
        wrong("the next hop's MAC address is missing");
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
        {"SYN", ingress, frame(outside, client, service, syn), outside.index, 0, TC_ACT_REDIRECT, true},
        {"SYN, ACK", ingress, frame(inside, server, client, syn | ack), inside.index, 0, TC_ACT_REDIRECT, true},
        {"ACK", ingress, frame(outside, client, service, ack), outside.index, 0, TC_ACT_REDIRECT, true},
    };
    for (const Case& c : handshake)
        check(c, run(c.program, c, 1), 1);
}

u32 median(std::vector<u32>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// Program and empty program in turns, so that whatever else the machine does hits both.
void measure(const std::vector<Case>& cases, int empty, const char* method, int times, unsigned calls) {
    std::vector<std::vector<u32>> ours(cases.size());
    std::vector<std::vector<u32>> nothing(cases.size());
    for (unsigned call = 0; call < calls; call++) {
        for (std::size_t i = 0; i < cases.size(); i++) {
            const Outcome out = run(cases[i].program, cases[i], times);
            check(cases[i], out, times);
            ours[i].push_back(out.nanoseconds);
            nothing[i].push_back(run(empty, cases[i], times).nanoseconds);
        }
    }
    for (std::size_t i = 0; i < cases.size(); i++)
        fmt::print("{},{},{},{}\n", method, cases[i].name, median(ours[i]), median(nothing[i]));
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
        {"request", in.get(), to(outside, client, a), outside.index, 0, TC_ACT_REDIRECT, true},
        {"reply", in.get(), to(inside, a, client), inside.index, 0, TC_ACT_REDIRECT, true},
        {"not ours", in.get(), to(outside, client, unknown), outside.index, 0, pass, false},
        {"leaving", out.get(), to(inside, client, b), inside.index, outside.index, pass, false},
    };
    measure(cases, empty.get(), "chain", repeat, arguments.calls);
    measure(cases, empty.get(), "single", 1, arguments.calls * 5);
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
