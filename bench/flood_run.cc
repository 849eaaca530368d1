// bpvs-flood-run: 64-byte UDP packets as fast as one CPU makes them, by live frames of BPF_PROG_TEST_RUN (nothing in
// user space is fast enough), and how many of them arrived. bench/flood sets up what is between.
#include "bench/flood.hh"
#include "bench/frame.hh"
#include "bench/test_run.hh"
#include "control/kernel/interfaces.hh"
#include "control/kernel/tcx.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using kernel::Fd;

constexpr u8 ttl = 64;

struct Arguments {
    std::string pins, object;
    std::vector<std::string> from;
    std::string mac, to = "1.1.1.1:80", expect = "172.16.1.0/24";
    bool replies = false;
    u32 flows = 1000;
    bool apart = false;
    u32 redirect_to = 0;
    u64 packets = 0;
    double seconds = 1;
    std::string interface;
    bool off = false;
};

/// Loads the programs and pins them and their maps in a directory of a bpffs.
void load(const Arguments& arguments) {
    bpf_object* object = open_object(arguments.object);
    if (bpf_object__load(object) != 0)
        give_up(fmt::format("the kernel does not load {}: {}", arguments.object, std::strerror(errno)));
    if (bpf_object__pin(object, arguments.pins.c_str()) != 0)
        give_up(fmt::format("cannot pin in {}: {}; it has to be in a bpffs", arguments.pins, std::strerror(errno)));
    bpf_object__close(object);
}

Fd pinned(const Arguments& arguments, const char* name) {
    Fd fd(bpf_obj_get((arguments.pins + "/" + name).c_str()));
    if (!fd)
        give_up(fmt::format("cannot open {}/{}: {}; load first", arguments.pins, name, std::strerror(errno)));
    return fd;
}

/// The bare redirect at an interface's tcx hook, or away from it.
void redirect_at_tcx(const Arguments& arguments) {
    const char* name = "flood_only_tc";
    const auto i = kernel::interface_by_name(arguments.interface);
    if (!i)
        give_up(i.error().message);
    const u32 ifindex = i->ifindex;
    if (arguments.off)
        return kernel::tcx_detach(ifindex, kernel::TcxHook::ingress, name);
    const Fd program = pinned(arguments, name);
    if (const int r = kernel::tcx_attach(ifindex, kernel::TcxHook::ingress, name, program.get()); r != 0)
        give_up(fmt::format("cannot attach {} to {}: {}", name, arguments.interface, std::strerror(-r)));
}

u64 seen(const Fd& map) {
    std::vector<u64> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const u32 zero = 0;
    if (bpf_map_lookup_elem(map.get(), &zero, values.data()) != 0)
        give_up(fmt::format("cannot read how many packets came: {}", std::strerror(errno)));
    return std::accumulate(values.begin(), values.end(), u64{0});
}

/// "172.16.1.0/24"
void expect(const std::string& text, FloodWork& work) {
    const auto slash = text.find('/');
    const auto net = lab::parse_endpoint(text.substr(0, slash) + ":1");
    const int bits = slash == std::string::npos ? 32 : std::atoi(text.c_str() + slash + 1);
    if (!net || bits < 1 || bits > 32)
        give_up(fmt::format("--expect takes ADDRESS/BITS, not '{}'", text));
    work.expected_mask = to_be32(~u32{0} << (32 - bits));
    work.expected_net = net->addr;
}

FloodWork work_for(const Arguments& arguments) {
    const auto mac = lab::parse_mac(arguments.mac);
    const auto to = lab::parse_endpoint(arguments.to);
    if (!mac || !to)
        give_up(mac ? to.error() : mac.error());
    const lab::Endpoint client{to_be32(flow_first_client), to_be16(flow_first_port)};
    const bool replies = arguments.replies;
    FloodWork work{};
    work.packets = packets_of(make_udp(*mac, replies ? *to : client, replies ? client : *to, ttl), arguments.flows,
                              arguments.apart, replies);
    for (const std::string& name : arguments.from)
        work.lane[work.lanes++] = interface_named(name).index;
    work.expect_source = replies;
    work.redirect_to = arguments.redirect_to;
    expect(arguments.expect, work);
    return work;
}

/// Sends frames through `ifindex`, one batch after the other: each goes all the way before the next one is made, all on
/// this CPU. Nanoseconds, as the kernel counts them: what a test run begins and ends with, twice a wait for all CPUs,
/// would take longer than some thousand packets.
u64 send(const Fd& source, u32 ifindex, u32 frames) {
    Frame frame{};
    xdp_md context{};
    context.data_end = flood_frame;
    context.ingress_ifindex = ifindex;
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data(), .data_size_in = flood_frame, .ctx_in = &context,
                .ctx_size_in = sizeof context, .repeat = static_cast<int>(frames), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                .batch_size = 64);
    if (bpf_prog_test_run_opts(source.get(), &run) != 0)
        give_up(fmt::format("cannot send live frames: {}; this takes Linux 5.18", std::strerror(errno)));
    return u64{run.duration} * frames;
}

/// Prints packets sent, packets received, nanoseconds.
void flood(const Arguments& arguments) {
    const Fd settings = pinned(arguments, "flood_work");
    const Fd ends = pinned(arguments, "flood_seen");
    const Fd source = pinned(arguments, "flood_source");
    const FloodWork work = work_for(arguments);
    const u32 zero = 0;
    if (bpf_map_update_elem(settings.get(), &zero, &work, BPF_ANY) != 0)
        give_up(fmt::format("cannot say what to send: {}", std::strerror(errno)));
    const u32 ifindex = work.lane[0];
    constexpr u32 at_once = 65536;
    const u64 before = seen(ends);
    const auto limit = static_cast<u64>(arguments.seconds * 1e9);
    u64 sent = 0;
    u64 took = 0;
    const auto goes_on = [&] { return arguments.packets ? sent < arguments.packets : took < limit; };
    while (goes_on()) {
        const u32 frames =
            arguments.packets ? static_cast<u32>(std::min<u64>(at_once, arguments.packets - sent)) : at_once;
        took += send(source, ifindex, frames);
        sent += frames;
    }
    const u64 received = seen(ends) - before; // what is on its way now was sent in time, and does not count
    fmt::print("{} {} {}\n", sent, received, took);
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app("Sends 64-byte UDP packets by live frames and counts those that arrive.", "bpvs-flood-run");
    Arguments arguments;
    app.require_subcommand(1);
    app.add_option("--pins", arguments.pins, "directory in a bpffs")->required();
    auto* first = app.add_subcommand("load", "load the programs and pin them");
    first->add_option("--object", arguments.object, "flood.bpf.o")->required();
    auto* third = app.add_subcommand("tcx", "the program that only redirects, at an interface's tcx hook");
    third->add_option("interface", arguments.interface)->required();
    third->add_flag("--off", arguments.off, "take it away again");
    auto* second = app.add_subcommand("send", "send, and print packets sent, packets received, nanoseconds");
    second->add_option("--from", arguments.from, "interfaces to send through, flow after flow")
        ->required()
        ->delimiter(',')
        ->expected(1, flood_most_lanes);
    second->add_option("--mac", arguments.mac, "where to, at link level")->required();
    second->add_option("--to", arguments.to, "ADDRESS:PORT")->capture_default_str();
    second->add_option("--expect", arguments.expect, "where packets that count end; replies: come from")
        ->capture_default_str();
    second->add_flag("--replies", arguments.replies, "from --to to the clients, instead of the other way round");
    second->add_flag("--apart", arguments.apart, "flows that follow each other lie apart");
    second->add_option("--flows", arguments.flows, "addresses and ports of clients, one after the other")
        ->check(CLI::Range(1U, flow_most))
        ->capture_default_str();
    second->add_option("--redirect-to", arguments.redirect_to, "interface index for the programs that only redirect");
    second->add_option("--packets", arguments.packets, "how many; 0: as many as the time allows");
    second->add_option("--seconds", arguments.seconds, "how long")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    if (first->parsed())
        load(arguments);
    else if (third->parsed())
        redirect_at_tcx(arguments);
    else
        flood(arguments);
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "bpvs-flood-run: {}\n", error.what());
    return 1;
}
