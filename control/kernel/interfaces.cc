#include "control/kernel/interfaces.hh"

#include "control/kernel/release.hh"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <net/if_arp.h>
#include <netlink/cache.h>
#include <netlink/route/classifier.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/qdisc.h>
#include <netlink/socket.h>

#include <linux/pkt_sched.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

namespace bpvs::kernel {

namespace {

/// Where our filters stand: after those of users who chose a lower preference, handle 1.
constexpr u32 tc_preference = 1000;
constexpr u32 tc_handle = 1;

using Socket = std::unique_ptr<nl_sock, Release<nl_socket_free>>;
using Cache = std::unique_ptr<nl_cache, Release<nl_cache_free>>;

Socket route_socket() {
    Socket s(nl_socket_alloc());
    if (s && nl_connect(s.get(), NETLINK_ROUTE) != 0)
        s.reset();
    return s;
}

bpf_tc_hook hook_of(u32 ifindex, bpf_tc_attach_point point) {
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex), .attach_point = point, );
    return hook;
}

int attach_one(u32 ifindex, bpf_tc_attach_point point, int program) {
    bpf_tc_hook hook = hook_of(ifindex, point);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .flags = BPF_TC_F_REPLACE, .handle = tc_handle,
                .priority = tc_preference, );
    return bpf_tc_attach(&hook, &options);
}

void detach_one(u32 ifindex, bpf_tc_attach_point point) {
    bpf_tc_hook hook = hook_of(ifindex, point);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = tc_handle, .priority = tc_preference, );
    bpf_tc_detach(&hook, &options);
}

bool has_filters(nl_sock* s, u32 ifindex, u32 minor) {
    nl_cache* raw = nullptr;
    if (rtnl_cls_alloc_cache(s, static_cast<int>(ifindex), TC_H_MAKE(TC_H_CLSACT, minor), &raw) != 0)
        return true; // unknown: leave the qdisc alone
    const Cache cache(raw);
    return nl_cache_nitems(cache.get()) != 0;
}

/// The name of the master that takes over an interface's packets; empty for none and for a VRF, which does not.
std::string master_of(nl_cache* links, rtnl_link* link) {
    const int index = rtnl_link_get_master(link);
    rtnl_link* master = index > 0 ? rtnl_link_get(links, index) : nullptr;
    if (!master)
        return {};
    const char* kind = rtnl_link_get_type(master);
    std::string name = kind && std::strcmp(kind, "vrf") == 0 ? "" : rtnl_link_get_name(master);
    rtnl_link_put(master);
    return name;
}

std::array<u8, 6> mac_of(rtnl_link* link) {
    std::array<u8, 6> mac{};
    nl_addr* address = rtnl_link_get_addr(link);
    if (address && nl_addr_get_len(address) == mac.size())
        std::memcpy(mac.data(), nl_addr_get_binary_addr(address), mac.size());
    return mac;
}

} // namespace

Result<std::vector<Interface>> interfaces() {
    const Socket s = route_socket();
    nl_cache* raw = nullptr;
    if (!s || rtnl_link_alloc_cache(s.get(), AF_UNSPEC, &raw) != 0)
        return fail(Errc::system, "cannot list the network interfaces");
    const Cache cache(raw);
    std::vector<Interface> all;
    std::set<u32> under_vlans;
    for (nl_object* o = nl_cache_get_first(cache.get()); o; o = nl_cache_get_next(o)) {
        auto* link = reinterpret_cast<rtnl_link*>(o);
        const unsigned flags = rtnl_link_get_flags(link);
        if (rtnl_link_is_vlan(link))
            under_vlans.insert(static_cast<u32>(rtnl_link_get_link(link)));
        all.push_back({rtnl_link_get_name(link), static_cast<u32>(rtnl_link_get_ifindex(link)), (flags & IFF_UP) != 0,
                       (flags & IFF_LOOPBACK) != 0, rtnl_link_get_arptype(link) == ARPHRD_ETHER,
                       master_of(cache.get(), link), mac_of(link), rtnl_link_get_mtu(link), false});
    }
    for (Interface& i : all)
        i.has_vlans = under_vlans.contains(i.ifindex);
    return all;
}

Result<Interface> interface_by_name(const std::string& name) {
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    for (const Interface& i : *all) {
        if (i.name == name)
            return i;
    }
    return fail(Errc::no_interface, fmt::format("there is no interface `{}` in this network namespace", name));
}

std::string unsuitable(const Interface& i) {
    if (i.loopback)
        return "loopback: local traffic is not balanced";
    if (!i.ethernet)
        return "not an Ethernet interface: frames without Ethernet headers are not handled yet";
    if (!i.port_of.empty())
        return fmt::format("a port of {0}: the director sits on {0}", i.port_of);
    if (!i.up)
        return "down";
    return {};
}

Result<void> tc_attach(const Interface& i, int ingress_program, int egress_program) {
    const libbpf_print_fn_t printer = libbpf_set_print(nullptr); // the return value says it
    bpf_tc_hook hook = hook_of(i.ifindex, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
    int r = bpf_tc_hook_create(&hook);
    const bool created = r == 0;
    if (r == -EEXIST)
        r = 0;
    if (r == 0 && egress_program >= 0)
        r = attach_one(i.ifindex, BPF_TC_EGRESS, egress_program);
    if (r == 0)
        r = attach_one(i.ifindex, BPF_TC_INGRESS, ingress_program);
    if (r == 0 && egress_program < 0)
        detach_one(i.ifindex, BPF_TC_EGRESS);
    libbpf_set_print(printer);
    if (r == 0)
        return {};
    tc_detach(i.ifindex, created);
    return fail(r == -EPERM ? Errc::permission : Errc::system,
                fmt::format("cannot attach to {}: {}", i.name, std::strerror(-r)));
}

void tc_detach(u32 ifindex, bool own_qdisc) {
    const libbpf_print_fn_t printer = libbpf_set_print(nullptr);
    detach_one(ifindex, BPF_TC_INGRESS);
    detach_one(ifindex, BPF_TC_EGRESS);
    const Socket s = own_qdisc ? route_socket() : nullptr;
    if (s && !has_filters(s.get(), ifindex, TC_H_MIN_INGRESS) && !has_filters(s.get(), ifindex, TC_H_MIN_EGRESS)) {
        bpf_tc_hook hook = hook_of(ifindex, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
        bpf_tc_hook_destroy(&hook);
    }
    libbpf_set_print(printer);
}

bool tc_has_qdisc(u32 ifindex) {
    const Socket s = route_socket();
    nl_cache* raw = nullptr;
    if (!s || rtnl_qdisc_alloc_cache(s.get(), &raw) != 0)
        return true; // unknown: then it is not ours
    const Cache cache(raw);
    rtnl_qdisc* qdisc = rtnl_qdisc_get_by_parent(cache.get(), static_cast<int>(ifindex), TC_H_CLSACT);
    if (qdisc)
        rtnl_qdisc_put(qdisc);
    return qdisc != nullptr;
}

bool tc_has_others(u32 ifindex) {
    const Socket s = route_socket();
    nl_cache* raw = nullptr;
    if (!s ||
        rtnl_cls_alloc_cache(s.get(), static_cast<int>(ifindex), TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), &raw) != 0)
        return true; // unknown
    const Cache cache(raw);
    for (nl_object* o = nl_cache_get_first(cache.get()); o; o = nl_cache_get_next(o))
        if (rtnl_cls_get_prio(reinterpret_cast<rtnl_cls*>(o)) != tc_preference)
            return true;
    return false;
}

std::optional<u32> tc_attached(u32 ifindex) {
    const libbpf_print_fn_t printer = libbpf_set_print(nullptr);
    bpf_tc_hook hook = hook_of(ifindex, BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = tc_handle, .priority = tc_preference, );
    const int r = bpf_tc_query(&hook, &options);
    libbpf_set_print(printer);
    if (r != 0)
        return std::nullopt;
    return options.prog_id;
}

} // namespace bpvs::kernel
