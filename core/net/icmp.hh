// Translation of ICMP errors about a connection (behaviour as IPVS: types 3, 4 and 11, of ICMPv6 every error).
//
// The error embeds the packet it is about. Outer and embedded address are translated, and the embedded
// port. Checksums: the embedded IP header's sum including its checksum is a constant (zero), so an
// address change that is compensated in the embedded header checksum leaves the ICMP sum alone; only
// the port change enters the ICMP checksum. IPv6 has no header checksum, and ICMPv6's covers the outer addresses too
// (RFC 4443): both address changes enter it. The embedded transport checksum stays as it is, as in IPVS,
// except in errors of the host's own stack about packets that we translated: there it is turned back too, so
// that the client sees what it sent.
#pragma once

#include "core/net/checksum.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"
#include "core/net/rewrite.hh"

namespace bpvs::net {

[[gnu::always_inline]] constexpr bool is_icmp_error(Family family, u8 type) {
    if (family == Family::v6)
        return type < icmp::first_v6_information;
    return type == icmp::dest_unreachable || type == icmp::source_quench || type == icmp::time_exceeded;
}

/// Translates the error at `outer` (whose embedded packet is `inner`): `side` of the outer header and the
/// opposite side of the embedded packet become addr:port. False: the packet is unusable.
template <Side side, class E>
[[gnu::always_inline]] inline bool rewrite_icmp(E& e, u32 l3, const Packet& outer, const Packet& inner,
                                                const Address& addr, Be16 port, bool decrement_ttl) {
    constexpr Side inside = side == Side::source ? Side::destination : Side::source;
    u8* l4 = e.at(inner.l4, icmp::embedded_l4);
    if (!l4)
        return false;
    const u32 port_at = inside == Side::source ? 0 : 2;
    const Be16 old_port = load<Be16>(l4 + port_at);
    store(l4 + port_at, port);

    const Address& outer_addr = side == Side::source ? outer.flow.saddr : outer.flow.daddr;
    const Address& inner_addr = side == Side::source ? inner.flow.daddr : inner.flow.saddr;
    const u32 outer_change = difference(outer_addr, addr);
    const u32 inner_change = difference(inner_addr, addr);
    if (!rewrite_ip<inside>(e, outer.flow.family, outer.l4 + icmp::size, addr, inner_change, false))
        return false;

    u8* header = e.at(outer.l4, icmp::size);
    if (!header)
        return false;
    Be16 check = replace(load<Be16>(header + icmp::check), old_port, port);
    if (outer.flow.family == Family::v6) {
        check = replace(check, outer_change);
        check = replace(check, inner_change);
    }
    store(header + icmp::check, check);
    return rewrite_ip<side>(e, outer.flow.family, l3, addr, outer_change, decrement_ttl);
}

/// restore_embedded_sum() of SCTP: the embedded header tells how long the packet was that the checksum covers.
template <class E>
[[gnu::always_inline]] inline bool restore_embedded_crc(E& e, u32 l3, const Packet& outer, const Packet& inner,
                                                        Be16 port) {
    const u32 at = inner.l4 + sctp::check;
    if (at + sizeof(u32) > l3 + outer.length)
        return true;
    u8* field = e.at(at, sizeof(u32));
    if (!field)
        return false;
    const u32 before = load<u32>(field);
    if (before == 0 || inner.flow.dport == port)
        return true;
    const u32 length = inner.length - (inner.l4 - (outer.l4 + icmp::size));
    const u32 after = before ^ e.crc32c_change(ports_change<Side::destination>(inner.flow.dport, port), length);
    store(field, after);
    u8* header = e.at(outer.l4, icmp::size);
    if (!header)
        return false;
    store(header + icmp::check,
          replace(load<Be16>(header + icmp::check), static_cast<Be32>(before), static_cast<Be32>(after)));
    return true;
}

/// Gives the embedded packet back the transport checksum it had before its destination was translated from
/// addr:port, where the error quotes that much of it. Before rewrite_icmp(). False: the packet is unusable.
template <class E>
[[gnu::always_inline]] inline bool restore_embedded_sum(E& e, u32 l3, const Packet& outer, const Packet& inner,
                                                        const Address& addr, Be16 port) {
    if (inner.flow.protocol == IpProto::sctp)
        return restore_embedded_crc(e, l3, outer, inner, port);
    const bool is_udp = inner.flow.protocol == IpProto::udp;
    const u32 at = inner.l4 + (is_udp ? udp::check : tcp::check);
    if (at + sizeof(Be16) > l3 + outer.length)
        return true;
    u8* field = e.at(at, sizeof(Be16));
    if (!field)
        return false;
    const Be16 before = load<Be16>(field);
    if (is_udp && before == Be16{})
        return true;
    Be16 after = replace(replace(before, inner.flow.daddr, addr), inner.flow.dport, port);
    if (is_udp && after == Be16{})
        after = static_cast<Be16>(0xffff);
    store(field, after);
    u8* header = e.at(outer.l4, icmp::size);
    if (!header)
        return false;
    store(header + icmp::check, replace(load<Be16>(header + icmp::check), before, after));
    return true;
}

} // namespace bpvs::net
