// bpvs-stream-run: what the loaded programs of this network namespace's director cost, in nanoseconds a packet, when
// every packet is of another flow than the one before: established connections in turn, or new ones.
//
// A test run repeats a program over one buffer, which the first repetition has translated. So a small program runs in
// its place, which writes the next flow's packet into the buffer and goes on to the director's (a tail call). The same
// with an empty program is taken off. The director's own counts say whether all packets were what the case is about.
#include "bench/flows.hh"
#include "bench/test_run.hh"
#include "control/open.hh"
#include "core/net/headers.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using lab::Endpoint;

constexpr u8 ttl = 64;
constexpr u32 new_share = 4; ///< connections stay, so there are fewer of new ones
constexpr u8 ack = net::tcp::ack;
constexpr u8 syn = net::tcp::syn;

struct Arguments {
    std::string object;
    std::string outside = "out", inside = "in", service = "1.1.1.1:80", server = "172.16.0.1:80";
    u32 open = 1000;
    std::vector<std::string> cases{"request", "reply", "new", "not ours"};
    std::vector<std::string> hooks{"tc"};
    u32 calls = 15;
    u32 packets = 20000; // many: a call at XDP begins with cold caches, as the kernel has waited for all CPUs before
};

/// Packets of one kind, what a program makes of all of them, and where they come in.
struct Case {
    std::string name;
    const Interface* at;
    FlowPackets packets;
    Reason reason;
};

Endpoint endpoint(const std::string& text) {
    const auto e = lab::parse_endpoint(text);
    if (!e)
        give_up(e.error());
    return *e;
}

void must(int error, const char* what) {
    if (error != 0)
        give_up(fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

/// The programs that write packets, and what they go on to.
class Stream {
public:
    explicit Stream(const std::string& file) : object_(open_object(file)) {
        must(bpf_object__load(object_), "load the programs that write packets");
    }
    ~Stream() { bpf_object__close(object_); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void send(const FlowPackets& packets, u64 first) {
        must(bpf_map_update_elem(map("stream_packets"), &zero_, &packets, BPF_ANY), "say what to send");
        must(bpf_map_update_elem(map("stream_next"), &zero_, &first, BPF_ANY), "say what to send first");
    }
    u64 next() {
        u64 flow = 0;
        must(bpf_map_lookup_elem(map("stream_next"), &zero_, &flow), "read which flow is next");
        return flow;
    }
    void go_on_to(Hook hook, StreamEnd end, const kernel::Fd& program) {
        const int fd = program.get();
        const u32 place = end;
        must(bpf_map_update_elem(map(hook == Hook::tc ? "stream_to_tc" : "stream_to_xdp"), &place, &fd, BPF_ANY),
             "go on to the program to be measured");
    }
    u32 run(Hook hook, StreamEnd end, u32 ifindex, u32 packets) {
        const std::string name =
            fmt::format("stream_{}_{}", hook == Hook::tc ? "tc" : "xdp", end == stream_measured ? "measured" : "empty");
        const bpf_program* p = bpf_object__find_program_by_name(object_, name.c_str());
        return test_run(bpf_program__fd(p), Run{frame_, ifindex, 0, hook}, static_cast<int>(packets)).nanoseconds;
    }
    /// What the kernel looks at before the programs do: whose frame it is.
    void frame(const Frame& frame) { frame_ = frame; }

private:
    int map(const char* name) { return bpf_object__find_map_fd_by_name(object_, name); }

    bpf_object* object_;
    u32 zero_ = 0;
    Frame frame_{};
};

/// How many packets were counted under a reason. At XDP those that are left to tc are counted apart.
u64 counted(Reason reason, Hook hook) {
    const auto status = director_status();
    if (!status)
        give_up(status.error().message);
    if (hook == Hook::xdp && action_of(reason) == Action::pass)
        return status->xdp ? status->xdp->left : 0;
    for (const auto& [which, packets] : status->reasons)
        if (which == reason)
            return packets;
    return 0;
}

/// One in a hundred may be something else: at XDP the first packet after a second is left to tc, which asks for the
/// way.
void check(const Case& c, Hook hook, u64 before, u64 packets) {
    if (const u64 seen = counted(c.reason, hook) - before; seen > packets || seen * 100 < packets * 99)
        give_up(fmt::format("'{}' was not measured: of {} packets only {} were; bpvs status tells what became of the "
                            "others",
                            c.name, packets, seen));
}

struct Bench {
    Arguments arguments;
    Interface outside, inside;
    Stream stream;
    u32 opened = 0; ///< flows that have a connection: all below it

    FlowPackets requests(const Endpoint& to, u8 flags, u32 flows, bool spread) const {
        const Endpoint client{to_be32(flow_first_client), to_be16(flow_first_port)};
        return packets_of(make_tcp(outside.mac, client, to, flags, ttl), flows, spread, false);
    }
    FlowPackets replies(u8 flags, u32 flows, bool spread) const {
        const Endpoint client{to_be32(flow_first_client), to_be16(flow_first_port)};
        return packets_of(make_tcp(inside.mac, endpoint(arguments.server), client, flags, ttl), flows, spread, true);
    }
    Case case_named(const std::string& name) const {
        const Endpoint service = endpoint(arguments.service);
        if (name == "request")
            return {name, &outside, requests(service, ack, arguments.open, true), Reason::request_forwarded};
        if (name == "reply")
            return {name, &inside, replies(ack, arguments.open, true), Reason::reply_forwarded};
        if (name == "new")
            return {name, &outside, requests(service, syn, flow_most, false), Reason::new_connection};
        if (name == "not ours")
            return {name, &outside, requests({service.addr, to_be16(9)}, ack, arguments.open, true),
                    Reason::no_service};
        give_up(fmt::format("there is no case '{}'; there are request, reply, new and not ours", name));
    }

    void send(const Case& c, u32 first) {
        Frame frame{};
        std::copy_n(c.packets.headers, flow_headers, frame.begin());
        stream.frame(frame);
        stream.send(c.packets, first);
    }

    /// Connections by their handshake, in order: those that lie apart later were made one after the other.
    void establish() {
        const kernel::Fd ingress = pinned_program("bpvs_ingress");
        const Endpoint service = endpoint(arguments.service);
        const u32 flows = arguments.open;
        const Case handshake[] = {
            {"SYN", &outside, requests(service, syn, flows, false), Reason::new_connection},
            {"SYN, ACK", &inside, replies(syn | ack, flows, false), Reason::reply_forwarded},
            {"ACK", &outside, requests(service, ack, flows, false), Reason::request_forwarded},
        };
        stream.go_on_to(Hook::tc, stream_measured, ingress);
        for (const Case& c : handshake) {
            const u64 before = counted(c.reason, Hook::tc);
            send(c, 0);
            stream.run(Hook::tc, stream_measured, c.at->index, flows);
            check(c, Hook::tc, before, flows);
        }
        opened = flows;
    }

    /// Our program and an empty one in turns, each call with flows of its own.
    void measure(const Case& c, Hook hook) {
        const auto program = hook == Hook::tc ? pinned_program("bpvs_ingress") : program_at_xdp();
        if (!program)
            give_up("no interface is attached at XDP; bpvs attach INTERFACE --mode xdp");
        const kernel::Fd empty = empty_program(hook, hook == Hook::xdp);
        const bool opens = c.reason == Reason::new_connection;
        const u32 packets = opens ? arguments.packets / new_share : arguments.packets;
        std::vector<u32> ours, nothing;
        u32 first = opens ? opened : 0;
        const u64 before = counted(c.reason, hook);
        stream.go_on_to(hook, stream_measured, *program);
        stream.go_on_to(hook, stream_empty, empty);
        for (u32 call = 0; call < arguments.calls; ++call) {
            send(c, first);
            ours.push_back(stream.run(hook, stream_measured, c.at->index, packets));
            first = static_cast<u32>(stream.next());
            nothing.push_back(stream.run(hook, stream_empty, c.at->index, packets));
        }
        if (opens)
            opened = first;
        check(c, hook, before, u64{arguments.calls} * packets);
        fmt::print("{},{},{},{}\n", hook == Hook::tc ? "tc" : "xdp", c.name, median(ours), median(nothing));
    }
};

void measure_all(const Arguments& arguments) {
    if (u64{arguments.open} + u64{arguments.calls} * arguments.packets / new_share * arguments.hooks.size() > flow_most)
        give_up(fmt::format("there are only {} flows; ask for fewer of --open, --calls or --packets", flow_most));
    Bench bench{arguments, interface_named(arguments.outside), interface_named(arguments.inside),
                Stream(arguments.object)};
    if (arguments.open > 0)
        bench.establish();
    for (const std::string& name : arguments.cases)
        for (const std::string& hook : arguments.hooks)
            bench.measure(bench.case_named(name), hook == "xdp" ? Hook::xdp : Hook::tc);
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app("Nanoseconds a packet of this network namespace's director, each packet of another flow, as lines\n"
                 "HOOK,CASE,PROGRAM,EMPTY PROGRAM. Connections that it opens stay.",
                 "bpvs-stream-run");
    Arguments arguments;
    app.add_option("--object", arguments.object, "stream.bpf.o")->required();
    app.add_option("--outside", arguments.outside, "the director's interface to the clients")->capture_default_str();
    app.add_option("--inside", arguments.inside, "the director's interface to the servers")->capture_default_str();
    app.add_option("--service", arguments.service, "ADDRESS:PORT, TCP")->capture_default_str();
    app.add_option("--server", arguments.server, "the ADDRESS:PORT that replies come from")->capture_default_str();
    app.add_option("--open", arguments.open, "connections to open first; 0: none, for new ones only")
        ->check(CLI::Range(0u, flow_most))
        ->capture_default_str();
    app.add_option("--cases", arguments.cases, "request, reply, new, not ours; 'none': none")->delimiter(',');
    app.add_option("--hooks", arguments.hooks, "tc, xdp")->delimiter(',')->check(CLI::IsMember({"tc", "xdp"}));
    app.add_option("--calls", arguments.calls, "test runs a number")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    app.add_option("--packets", arguments.packets, "packets a test run; of new connections a fourth")
        ->check(CLI::Range(100u, 100000u))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    if (arguments.cases == std::vector<std::string>{"none"})
        arguments.cases.clear();
    measure_all(arguments);
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "bpvs-stream-run: {}\n", error.what());
    return 1;
}
