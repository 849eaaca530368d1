#include "control/kernel/mode.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bpvs::kernel {

namespace {

/// Drivers that have done XDP by themselves, redirects included, since before Linux 6.1. Asked only where the kernel
/// does not tell. They take what is redirected to them while a program stands on them, too.
constexpr std::array known = {"bnxt_en", "ena",       "i40e",  "ice",  "igb", "igc",       "ixgbe",
                              "mvneta",  "mlx5_core", "mvpp2", "qede", "sfc", "virtio_net"};

bool is_known(const Device& d) { return std::ranges::find(known, d.driver) != known.end(); }

/// What one buffer of a page has room for, beside what XDP and the kernel need of it.
constexpr u32 largest_in_one_buffer = 3498;

bool has(const Device& d, u64 features) { return d.xdp && (*d.xdp & features) == features; }

std::string name_of(const Device& d) { return d.driver.empty() ? "its device" : d.driver; }

} // namespace

std::string why_not_xdp(const Interface& i, const Device& d) {
    const bool native = d.xdp ? has(d, xdp_basic | xdp_redirect) : is_known(d) || d.driver == "veth";
    if (!native)
        return d.xdp ? fmt::format("{} has no native XDP", name_of(d))
                     : fmt::format("{} is not known for native XDP, and Linux before 6.3 does not tell", name_of(d));
    if (i.has_vlans && d.strips_vlans)
        return fmt::format("there are VLANs on it, and its frames come without their tags: ethtool -K {} rxvlan off",
                           i.name);
    if (d.lro)
        return fmt::format("it joins frames before XDP sees them: ethtool -K {} lro off", i.name);
    if (i.mtu > largest_in_one_buffer && d.xdp && !has(d, xdp_in_parts))
        return fmt::format("{} does not hand frames in several buffers to XDP, as its MTU of {} makes them", name_of(d),
                           i.mtu);
    return {};
}

Choice choose_mode(const Interface& i, const Device& d) {
    if (std::string why = why_not_xdp(i, d); !why.empty())
        return {false, std::move(why)};
    if (!d.hardware)
        return {false, fmt::format("{} is a device of software: XDP would take it from its peers to leave segments and "
                                   "checksums to it",
                                   name_of(d))};
    return {true, fmt::format("{} has native XDP", name_of(d))};
}

std::string description(const Interface& i, const Device& d) {
    const auto is = [](bool on) { return on ? "on" : "off"; };
    return fmt::format("{}, {} receive queue{}, MTU {}, GRO {}, TSO {}, LRO {}",
                       d.driver.empty() ? "no driver" : d.driver, std::max(d.queues, 1u), d.queues > 1 ? "s" : "",
                       i.mtu, is(d.gro), is(d.tso), is(d.lro));
}

std::string why_lost(const Interface& i, const Device& d, bool attached) {
    if (!i.up)
        return "it is down";
    if (d.xdp && has(d, xdp_takes_redirected))
        return {};
    if (d.driver == "veth")
        return d.xdp ? "its peer has neither GRO nor an XDP program"
                     : "Linux before 6.3 does not tell whether its peer has GRO or an XDP program";
    if (!d.xdp && is_known(d))
        return attached ? "" : "without XDP on it, it may not take what XDP sends";
    return fmt::format("{} does not take what XDP sends", name_of(d));
}

XdpPort port_of(const Interface& i, const Device& d, bool attached) {
    XdpPort port{};
    std::ranges::copy(i.mac, port.mac);
    const bool sends = why_lost(i, d, attached).empty();
    const bool parts = has(d, xdp_takes_parts);
    // What is sent back goes the same way on a veth, and by the driver's own queues else.
    const bool returns = attached && (sends || d.driver != "veth");
    port.flags = static_cast<u16>(port_known | (sends ? port_sends : 0) | (parts ? port_sends_parts : 0) |
                                  (returns ? port_returns : 0));
    return port;
}

} // namespace bpvs::kernel
