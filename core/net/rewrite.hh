// Address and port translation of one side of a packet, with its checksums.
//
// The IPv4 header checksum is updated here; IPv6 has none. The transport checksum is the environment's business: a
// packet of a local stack carries a partial sum that only the kernel's helpers treat correctly.
// Wrong checksums stay wrong and a UDP checksum of zero stays zero, as in IPVS. SCTP's does not cover addresses; it is
// updated here where a port changes.
#pragma once

#include "core/net/checksum.hh"
#include "core/net/crc32c.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"

namespace bpvs::net {

enum class Side : u8 { source, destination };

/// What a TTL that is one less adds to a sum (RFC 1141).
constexpr u32 ttl_change = 0xffffu ^ static_cast<u16>(to_be16(0x0100));

/// Replaces the address of an IPv4 header in place and, on demand, decrements its TTL. `change`: what that address
/// adds to a sum in place of the one that is there.
template <Side side>
[[gnu::always_inline]] inline void rewrite_ipv4(u8* ip, Be32 addr, u32 change, bool decrement_ttl) {
    store(ip + (side == Side::source ? ipv4::src : ipv4::dst), addr);
    u32 sum = fold(change);
    if (decrement_ttl) {
        ip[ipv4::ttl] = static_cast<u8>(ip[ipv4::ttl] - 1);
        sum += ttl_change;
    }
    store(ip + ipv4::check, add(load<Be16>(ip + ipv4::check), sum));
}

/// Replaces the address of an IPv6 header in place and, on demand, decrements its hop limit.
template <Side side, class E>
[[gnu::always_inline]] inline void rewrite_ipv6([[maybe_unused]] E& e, u8* ip, const Address& addr,
                                                bool decrement_ttl) {
    store(ip + (side == Side::source ? ipv6::src : ipv6::dst), addr);
    if (!decrement_ttl)
        return;
    ip[ipv6::hop_limit] = static_cast<u8>(ip[ipv6::hop_limit] - 1);
    // No checksum makes up for it: a sum that a device made of the frame must know.
    if constexpr (requires { e.frame_sum_changed(0u); })
        e.frame_sum_changed(~u32{0x0100});
}

/// Translates `side` of the IP header at `l3` and, on demand, decrements its TTL. False: it is not there.
/// `change`: what `addr` adds to a sum in place of the address that is there.
template <Side side, class E>
[[gnu::always_inline]] inline bool rewrite_ip(E& e, Family family, u32 l3, const Address& addr, u32 change,
                                              bool decrement_ttl) {
    if (family == Family::v6) {
        u8* ip = e.at(l3, ipv6::size);
        if (ip)
            rewrite_ipv6<side>(e, ip, addr, decrement_ttl);
        return ip != nullptr;
    }
    u8* ip = e.at(l3, ipv4::min_size);
    if (ip)
        rewrite_ipv4<side>(ip, addr.word[0], change, decrement_ttl);
    return ip != nullptr;
}

/// What a port's becoming another changes in the first word of a transport header, as loaded from the wire.
template <Side side>
[[gnu::always_inline]] constexpr u32 ports_change(Be16 from, Be16 to) {
    return (static_cast<u32>(from) ^ static_cast<u32>(to)) << (side == Side::source ? 0 : 16);
}

/// Makes up an SCTP packet's checksum for the translation to addr:port. One of zero was left to a device to compute, as
/// local stacks do, and stays zero. False: it is not there.
template <Side side, class E>
[[gnu::always_inline]] inline bool replace_sctp_sum(E& e, u32 l3, const Packet& p, [[maybe_unused]] u32 change,
                                                    Be16 port) {
    const Be16 old_port = side == Side::source ? p.flow.sport : p.flow.dport;
    u8* field = e.at(p.l4 + sctp::check, sizeof(u32));
    if (!field)
        return false;
    const u32 before = load<u32>(field);
    u32 after = before;
    if (before != 0 && old_port != port) {
        after ^= e.crc32c_change(ports_change<side>(old_port, port), p.length - (p.l4 - l3));
        store(field, after);
    }
    // Unlike a sum, a CRC does not make up for what changed in a sum that a device made of the frame.
    if constexpr (requires { e.frame_sum_changed(0u); }) {
        const Address was{{static_cast<Be32>(before), static_cast<Be32>(old_port), {}, {}}};
        const Address is{{static_cast<Be32>(after), static_cast<Be32>(port), {}, {}}};
        e.frame_sum_changed(difference(was, is));
        if (p.flow.family == Family::v6)
            e.frame_sum_changed(change);
    }
    return true;
}

/// Makes up a sum of TCP or UDP that is whole, not left to a device. UDP's zero is none and stays zero.
/// `change`: what the new address adds to a sum in place of the old one.
template <class E>
[[gnu::always_inline]] inline bool replace_whole_sum(E& e, u32 offset, IpProto protocol, u32 change, Be16 old_port,
                                                     Be16 port) {
    u8* field = e.at(offset, sizeof(Be16));
    if (!field)
        return false;
    Be16 check = load<Be16>(field);
    if (protocol == IpProto::udp && check == Be16{})
        return true;
    const u32 sum = fold(change) + (static_cast<u32>(old_port) ^ 0xffffu) + static_cast<u32>(port);
    check = add(check, sum);
    if (protocol == IpProto::udp && check == Be16{})
        check = Be16{0xffff};
    store(field, check);
    return true;
}

/// Where a TCP or UDP header has its sum. Without a branch, which would be another path for the verifier: of these
/// numbers only TCP's has the bit.
[[gnu::always_inline]] constexpr u32 check_in(IpProto protocol) {
    return udp::check + (static_cast<u32>(protocol) & 2) * ((tcp::check - udp::check) / 2);
}
static_assert(check_in(IpProto::tcp) == tcp::check && check_in(IpProto::udp) == udp::check);

/// What TCP's and UDP's sums cover beside the packet: addresses, protocol, length (RFC 9293, 3.1; RFC 8200, 8.1).
[[gnu::always_inline]] inline u16 pseudo_header_sum(const Flow& f, u32 length) {
    u64 sum = u64{static_cast<u32>(to_be32(length))} + static_cast<u16>(to_be16(static_cast<u8>(f.protocol)));
    for (u32 i = 0; i < 4; i++)
        sum += u64{static_cast<u32>(f.saddr.word[i])} + static_cast<u32>(f.daddr.word[i]);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    return fold(static_cast<u32>(sum + (sum >> 32)));
}

/// Could a device be meant to finish this packet's transport sum? Then the field holds the pseudo header's, or zero
/// with SCTP. So it does in one whole packet of 65,536. `pseudo`: of the tuple, as pseudo_header_sum(tuple, 0).
template <class E>
[[gnu::always_inline]] inline bool may_lack_sum(E& e, u32 l3, const Packet& p, u16 pseudo) {
    if (p.flow.protocol == IpProto::sctp) {
        const u8* field = e.at(p.l4 + sctp::check, sizeof(u32));
        return !field || load<u32>(field) == 0;
    }
    const u8* field = e.at(p.l4 + check_in(p.flow.protocol), sizeof(Be16));
    const u32 length = static_cast<u32>(to_be32(p.length - (p.l4 - l3)));
    return !field || static_cast<u16>(load<Be16>(field)) == fold(u32{pseudo} + fold(length));
}

/// Translates `side` of a TCP, UDP or SCTP packet to addr:port. `change`: what `addr` adds to a sum in place of the
/// address that is there. False: a helper failed, the packet is unusable.
template <Side side, class E>
[[gnu::always_inline]] inline bool rewrite(E& e, u32 l3, const Packet& p, const Address& addr, Be16 port, u32 change,
                                           bool decrement_ttl) {
    const Be16 old_port = side == Side::source ? p.flow.sport : p.flow.dport;
    const bool done = p.flow.protocol == IpProto::sctp
                          ? replace_sctp_sum<side>(e, l3, p, change, port)
                          : e.replace_l4_sum(p.l4 + check_in(p.flow.protocol), p.flow.family, p.flow.protocol, change,
                                             old_port, port);
    if (!done)
        return false;

    u8* l4 = e.at(p.l4, 4);
    if (!l4)
        return false;
    store(l4 + (side == Side::source ? 0 : 2), port);
    return rewrite_ip<side>(e, p.flow.family, l3, addr, change, decrement_ttl);
}

} // namespace bpvs::net
