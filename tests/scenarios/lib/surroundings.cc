#include "tests/scenarios/lib/surroundings.hh"

#include "tests/scenarios/lib/bench.hh"
#include "tests/scenarios/lib/programs.hh"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace bpvs::scenario {

namespace {

void ip_batch(const std::string& lines) {
    if (const Ran ran = run_program({"ip", "-batch", "-"}, lines); ran.status != 0)
        throw Wrong(fmt::format("ip refused:\n{}{}", ran.output, lines));
}

std::string lines_for_links(const Topology& t) {
    std::string s;
    for (const Link& l : t.links)
        s += fmt::format("link add {0} index {1} address {2} mtu {3} type veth peer name {0}-peer mtu {3}\n", l.name,
                         l.ifindex, mac_text(l.mac.data()), l.mtu);
    return s;
}

std::string line_for_neighbour(const Host& addr, const Link& l) {
    return fmt::format("neigh replace {} lladdr {} nud permanent dev {}\n", address_text(addr),
                       mac_text(mac_of_neighbour(addr).data()), l.name);
}

std::string lines_for_unreachable(const char* verb, const Topology& t) {
    std::string s;
    for (const Prefix& p : t.unreachable)
        s += fmt::format("route {} unreachable {}/{}\n", verb, address_text(p.addr), p.length);
    return s;
}

/// Addresses, routes and permanent neighbours as the scenario has them.
std::string lines_for_ip(const Topology& t) {
    std::string s = "link set lo up\n";
    for (const Link& l : t.links) {
        s += fmt::format("link set {0} up\nlink set {0}-peer up\n", l.name);
        for (const Host& addr : l.addresses)
            s += fmt::format("addr add {}/{} dev {}{}\n", address_text(addr), prefix_length(addr.family), l.name,
                             addr.family == Family::v6 ? " nodad" : "");
        for (const Host& addr : t.neighbours(l))
            s += line_for_neighbour(addr, l);
    }
    for (const Family family : {Family::v4, Family::v6})
        s += fmt::format("route add default via {}\n", address_text(gateway(family)));
    for (const Prefix& p : own_networks())
        s += fmt::format("route add local {}/{} dev lo\n", address_text(p.addr), p.length);
    for (const Prefix& p : networks_behind_router())
        s += fmt::format("route add {}/{} via {}\n", address_text(p.addr), p.length,
                         address_text(router(p.addr.family)));
    return s + lines_for_unreachable("add", t);
}

} // namespace

void enter_new_namespace() {
    if (unshare(CLONE_NEWNET) != 0)
        throw Unavailable(fmt::format("no network namespace: {}", std::strerror(errno)));
}

void write_file(const std::string& path, const std::string& value) {
    std::ofstream file(path);
    if (!(file << value << std::flush))
        throw Wrong(fmt::format("cannot write {} to {}", value, path));
}

void build_surroundings(const Topology& topology) {
    const std::string net = "/proc/sys/net/";
    write_file(net + "ipv4/ip_forward", "1");
    write_file(net + "ipv6/conf/all/forwarding", "1");
    // Nothing but the scenario's packets may pass: no link-local addresses, no discovery.
    write_file(net + "ipv6/conf/default/addr_gen_mode", "1");
    ip_batch(lines_for_links(topology));
    for (const Link& l : topology.links) // nor what the other ends report about their groups
        write_file(net + "ipv6/conf/" + l.name + "-peer/disable_ipv6", "1");
    ip_batch(lines_for_ip(topology));
}

void change_surroundings(const Topology& from, const Topology& to) {
    std::string s = lines_for_unreachable("del", from) + lines_for_unreachable("add", to);
    for (const Link& l : to.links)
        s += fmt::format("link set {0} mtu {1}\nlink set {0}-peer mtu {1}\n", l.name, l.mtu);
    for (const Host& addr : to.unresolved)
        s += fmt::format("neigh del {} dev {}\n", address_text(addr), to.towards(addr).name);
    // Whatever became of those that were not resolved: what they are now replaces it.
    for (const Host& addr : from.unresolved)
        if (std::ranges::find(to.unresolved, addr) == to.unresolved.end())
            s += line_for_neighbour(addr, to.towards(addr));
    ip_batch(s);
}

} // namespace bpvs::scenario
