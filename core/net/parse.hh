// Parsing: from packet memory to the few fields the pipeline works with.
#pragma once

#include "core/model/conn.hh"
#include "core/model/reasons.hh"
#include "core/model/types.hh"
#include "core/net/headers.hh"

namespace bpvs::net {

/// What the pipeline knows of a packet. Offsets count from the start of the frame.
struct Packet {
    /// The tuple as it arrived, which is the key of its connection. A map reads it from memory; it lies outside so
    /// that the offsets below can stay in registers, where verifiers know their bounds.
    Flow& flow;
    u32 l4 = 0;     ///< of the transport header
    u16 length = 0; ///< IP total length, bytes
    u8 ttl = 0;
    u8 tos = 0;
    u8 tcp_flags = 0;
    u8 l4_size = 0; ///< transport header, bytes
    bool dont_fragment = false;
};

/// The IPv4 header at `l3` into `p`; Reason::count when it is sound.
template <class E>
[[gnu::always_inline]] inline Reason parse_ipv4(E& e, u32 l3, Packet& p) {
    const u8* ip = e.at(l3, ipv4::min_size);
    if (!ip)
        return Reason::malformed;
    const u32 header = (ip[0] & 0x0fu) << 2;
    if ((ip[0] >> 4) != 4 || header < ipv4::min_size)
        return Reason::malformed;
    p.l4 = l3 + header;
    p.length = from_be16(load<Be16>(ip + ipv4::total_length));
    p.tos = ip[ipv4::tos];
    p.ttl = ip[ipv4::ttl];
    p.flow.protocol = static_cast<IpProto>(ip[ipv4::protocol]);
    p.flow.saddr.word[0] = load<Be32>(ip + ipv4::src);
    p.flow.daddr.word[0] = load<Be32>(ip + ipv4::dst);
    p.flow.family = Family::v4;
    const u16 fragment = from_be16(load<Be16>(ip + ipv4::fragment));
    p.dont_fragment = (fragment & ipv4::dont_fragment) != 0;
    if (fragment & ipv4::more_or_offset)
        return Reason::fragment;
    return Reason::count;
}

/// Ports, and TCP flags; Reason::count when the transport header is there: in the packet, not in what pads
/// its frame.
template <class E>
[[gnu::always_inline]] inline Reason parse_transport(E& e, Packet& p) {
    // Each protocol reads what it has checked by itself: verifiers do not connect two tests of `protocol`.
    u32 smallest = udp::size;
    if (p.flow.protocol == IpProto::tcp) {
        const u8* l4 = e.at(p.l4, tcp::min_size);
        if (!l4)
            return Reason::malformed;
        p.flow.sport = load<Be16>(l4);
        p.flow.dport = load<Be16>(l4 + 2);
        p.tcp_flags = l4[tcp::flags];
        p.l4_size = static_cast<u8>((l4[tcp::data_offset] >> 4) << 2);
        smallest = tcp::min_size;
    } else {
        const u8* l4 = e.at(p.l4, udp::size);
        if (!l4)
            return Reason::malformed;
        p.flow.sport = load<Be16>(l4);
        p.flow.dport = load<Be16>(l4 + 2);
        p.tcp_flags = 0;
        p.l4_size = udp::size;
    }
    // A length of zero is that of a buffer beyond 64 KiB (BIG TCP): the largest here.
    const bool short_packet = static_cast<u16>(p.length - 1) < p.l4 - E::l3 + smallest - 1;
    return short_packet || p.l4_size < smallest ? Reason::malformed : Reason::count;
}

} // namespace bpvs::net
