#include "tests/scenarios/lib/bpf_bench.hh"

#include "control/open.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

namespace bpvs::scenario {

namespace {

void write_sysctl(const char* name, const char* value) {
    std::ofstream file(std::string("/proc/sys/net/") + name);
    if (!(file << value << std::flush))
        throw Wrong(fmt::format("cannot set the sysctl net/{}", name));
}

void ip_batch(const std::string& lines) {
    const std::unique_ptr<FILE, int (*)(FILE*)> ip(popen("ip -batch -", "w"), [](FILE*) { return 0; });
    if (!ip)
        throw Wrong("cannot run ip");
    std::fputs(lines.c_str(), ip.get());
    if (pclose(ip.get()) != 0)
        throw Wrong("ip refused:\n" + lines);
}

/// Addresses, routes and permanent neighbours as the scenario has them. The peers have nothing.
std::string surroundings(const Topology& t) {
    std::string s = "link set lo up\n";
    for (const Link& l : t.links) {
        s += fmt::format("link add {0} index {1} address {2} mtu {3} type veth peer name {0}-peer mtu {3}\n", l.name,
                         l.ifindex, mac_text(l.mac.data()), l.mtu);
        s += fmt::format("link set {0} up\nlink set {0}-peer up\n", l.name);
        for (const Host& addr : l.addresses)
            s += fmt::format("addr add {}/{} dev {}{}\n", address_text(addr), prefix_length(addr.family), l.name,
                             addr.family == Family::v6 ? " nodad" : "");
        for (const Host& addr : t.neighbours(l))
            s += fmt::format("neigh replace {} lladdr {} nud permanent dev {}\n", address_text(addr),
                             mac_text(mac_of_neighbour(addr).data()), l.name);
    }
    for (const Family family : {Family::v4, Family::v6})
        s += fmt::format("route add default via {}\n", address_text(gateway(family)));
    for (const Prefix& p : t.unreachable)
        s += fmt::format("route add unreachable {}/{}\n", address_text(p.addr), p.length);
    return s;
}

Answer run(const std::string& program, const Frame& frame, u32 ifindex, u32 ingress_ifindex, u32 mark) {
    const int fd = bpf_obj_get(program.c_str());
    if (fd < 0)
        throw Wrong(fmt::format("cannot open {}: {}", program, std::strerror(errno)));
    struct __sk_buff ctx{};
    ctx.ifindex = ifindex;
    ctx.ingress_ifindex = ingress_ifindex;
    ctx.mark = mark;
    struct __sk_buff ctx_out{};
    Frame out(frame.size() + 256);
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out.data(),
                .data_size_in = static_cast<u32>(frame.size()), .data_size_out = static_cast<u32>(out.size()),
                .ctx_in = &ctx, .ctx_out = &ctx_out, .ctx_size_in = sizeof ctx, .ctx_size_out = sizeof ctx_out);
    const int error = bpf_prog_test_run_opts(fd, &opts);
    close(fd);
    if (error)
        throw Wrong(fmt::format("BPF_PROG_TEST_RUN failed: {}", std::strerror(-error)));
    out.resize(opts.data_size_out);
    switch (static_cast<int>(opts.retval)) {
    case TC_ACT_UNSPEC:
        return {Fate::passed, out, "", ctx_out.mark};
    case TC_ACT_SHOT:
        return {Fate::dropped, out, "", ctx_out.mark};
    case TC_ACT_REDIRECT:
        return {Fate::forwarded, out, "", ctx_out.mark};
    default:
        throw Wrong(fmt::format("the program returned {}", static_cast<int>(opts.retval)));
    }
}

} // namespace

BpfBench::BpfBench() {
    if (unshare(CLONE_NEWNET) != 0)
        throw Unavailable(fmt::format("no network namespace: {}", std::strerror(errno)));
}

BpfBench::~BpfBench() {
    if (pins_.empty())
        return;
    if (const auto down = director_down(); !down)
        fmt::print(stderr, "bpvs_scenarios: the director stays: {}\n", down.error().message);
}

void BpfBench::set_up(const Topology& topology) {
    write_sysctl("ipv4/ip_forward", "1");
    write_sysctl("ipv6/conf/all/forwarding", "1");
    // Nothing but the scenario's packets may pass through the programs: no link-local addresses, no discovery.
    write_sysctl("ipv6/conf/default/addr_gen_mode", "1");
    ip_batch(surroundings(topology));
    const auto opened = open_director(Access::create, {.interfaces = {"outside", "inside"}, .connections = 1024});
    if (!opened && (opened.error().code == Errc::permission || opened.error().code == Errc::no_bpf))
        throw Unavailable(opened.error().message);
    if (!opened)
        throw Wrong(opened.error().message);
    const auto status = director_status();
    if (!status)
        throw Wrong(status.error().message);
    pins_ = status->pin_path;
}

Answer BpfBench::arrive(const Link& on, const Frame& frame, u32 mark) {
    return run(pins_ + "/bpvs_ingress", frame, on.ifindex, on.ifindex, mark);
}

Answer BpfBench::send_locally(const Link& on, const Frame& frame) {
    return run(pins_ + "/bpvs_egress", frame, on.ifindex, 0, 0);
}

void BpfBench::wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

Result<void> BpfBench::change(const std::function<Result<void>(Director&, Store&)>& what) {
    auto opened = open_director(Access::create);
    if (!opened)
        return std::unexpected(opened.error());
    return what((*opened)->director(), (*opened)->store());
}

Result<void> BpfBench::change_marks(const std::function<Result<void>(Marks)>& what) {
    auto opened = open_director(Access::create);
    if (!opened)
        return std::unexpected(opened.error());
    return what(Marks((*opened)->store()));
}

Result<void> BpfBench::read(const std::function<void(Director&, Store&)>& what) {
    auto opened = open_director(Access::read);
    if (!opened)
        return std::unexpected(opened.error());
    what((*opened)->director(), (*opened)->store());
    return {};
}

} // namespace bpvs::scenario
