// Parsing: from packet memory to the few fields the pipeline works with.
#pragma once

#include "core/model/conn.hh"
#include "core/model/reasons.hh"
#include "core/model/types.hh"
#include "core/net/headers.hh"
#include "core/net/sctp.hh"

namespace bpvs::net {

/// What the pipeline knows of a packet beside its tuple. Offsets count from the start of the frame.
struct PacketInfo {
    u32 l4 = 0;     ///< of the transport header
    u32 length = 0; ///< with the IP header, bytes
    u8 ttl = 0;
    u8 tos = 0;
    u8 tcp_flags = 0;
    u8 l4_size = 0; ///< transport header, bytes
    bool dont_fragment = false;
    SctpEvent event = SctpEvent::data; ///< of SCTP
};

struct Packet : PacketInfo {
    /// The tuple as it arrived, which is the key of its connection. A map reads it from memory; it lies outside so
    /// that the offsets can stay in registers, where verifiers know their bounds.
    Flow& flow;

    [[gnu::always_inline]] explicit Packet(Flow& tuple, const PacketInfo& info = {}) : PacketInfo(info), flow(tuple) {}
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
    set_v4(p.flow.saddr, load<Be32>(ip + ipv4::src));
    set_v4(p.flow.daddr, load<Be32>(ip + ipv4::dst));
    p.flow.family = Family::v4;
    const u16 fragment = from_be16(load<Be16>(ip + ipv4::fragment));
    p.dont_fragment = (fragment & ipv4::dont_fragment) != 0;
    if (fragment & ipv4::more_or_offset)
        return Reason::fragment;
    return Reason::count;
}

/// Whether `header` is one of a set of header numbers below 64, given as bits: without a branch for each.
[[gnu::always_inline]] constexpr bool is_one_of(u64 bits, u32 header) {
    return header < 64 && (bits >> header & 1) != 0;
}

constexpr u64 extension_bits = u64{1} << ipv6::hop_by_hop | u64{1} << ipv6::routing |
                               u64{1} << ipv6::destination_options | u64{1} << ipv6::authentication;

/// A verifier that follows every number of extension headers on its own has no end of it: where the environment
/// can, it makes the verifier forget what it knows about a number.
template <class E>
[[gnu::always_inline]] inline void forget([[maybe_unused]] E& e, [[maybe_unused]] u32& number) {
    if constexpr (requires { e.forget(number); })
        e.forget(number);
}

/// The same for the offset of a header.
template <class E>
[[gnu::always_inline]] inline void forget_offset([[maybe_unused]] E& e, [[maybe_unused]] u32& offset) {
    if constexpr (requires { e.forget_offset(offset); })
        e.forget_offset(offset);
}

/// Walks over extension headers. `at`: offset of the first, then of the header behind them; `header`: its number.
template <class E>
[[gnu::always_inline]] inline Reason skip_extensions(E& e, u32& at, u32& header) {
    const u32 limit = at + ipv6::max_extension_bytes;
    for (u32 i = 0; i < ipv6::max_extensions && is_one_of(extension_bits, header); i++) {
        if (at > limit)
            return Reason::malformed;
        const u8* extension = e.at(at, 2);
        if (!extension)
            return Reason::malformed;
        const u32 units = extension[1];
        // Lengths count 8 bytes beyond the first 8, in an authentication header 4 bytes beyond the first 8.
        const u32 is_auth = static_cast<u32>(u64{1} << ipv6::authentication >> header & 1);
        at += 8 + (units << (3 - is_auth));
        header = extension[0];
        forget_offset(e, at);
        forget(e, header);
    }
    return at > limit ? Reason::malformed : Reason::count;
}

/// The IPv6 header at `l3` and its extension headers into `p`; Reason::count when they are sound.
template <class E>
[[gnu::always_inline]] inline Reason parse_ipv6(E& e, u32 l3, Packet& p) {
    const u8* ip = e.at(l3, ipv6::size);
    if (!ip || (ip[0] >> 4) != 6)
        return Reason::malformed;
    const u32 payload = from_be16(load<Be16>(ip + ipv6::payload_length));
    p.length = payload == 0 ? 0 : payload + ipv6::size;
    p.tos = static_cast<u8>(ip[0] << 4 | ip[1] >> 4);
    p.ttl = ip[ipv6::hop_limit];
    p.dont_fragment = true; // routers never do
    p.flow.saddr = load<Address>(ip + ipv6::src);
    p.flow.daddr = load<Address>(ip + ipv6::dst);
    p.flow.family = Family::v6;
    u32 at = l3 + ipv6::size;
    u32 header = ip[ipv6::next_header];
    if (is_one_of(extension_bits, header)) {
        const Reason why = skip_extensions(e, at, header);
        if (why != Reason::count)
            return why;
    }
    p.l4 = at;
    p.flow.protocol = static_cast<IpProto>(header);
    return header == ipv6::fragment ? Reason::fragment : Reason::count;
}

/// The IP header of either family at `l3` into `p`; Reason::count when it is sound.
template <class E>
[[gnu::always_inline]] inline Reason parse_ip(E& e, Family family, u32 l3, Packet& p) {
    const Reason why = __builtin_expect(family == Family::v6, 1) ? parse_ipv6(e, l3, p) : parse_ipv4(e, l3, p);
    forget_offset(e, p.l4);
    u32 number = static_cast<u32>(p.flow.family);
    forget(e, number);
    p.flow.family = static_cast<Family>(number);
    return why;
}

/// Whether the frame is as long as its IP header says. A header that says zero is that of a buffer beyond 64 KiB
/// (BIG TCP): then the buffer tells. Reason::count when all of the packet is there.
template <class E>
[[gnu::always_inline]] inline Reason find_length(E& e, Packet& p) {
    const u32 there = e.length();
    u32 length = p.length != 0 || there <= 0xffff ? p.length : there;
    forget(e, length);
    p.length = length;
    return length != 0 && length <= there ? Reason::count : Reason::malformed;
}

/// ICMP is a protocol of its own in each family.
[[gnu::always_inline]] constexpr bool is_icmp(const Flow& f) {
    return f.protocol == (f.family == Family::v6 ? IpProto::icmp6 : IpProto::icmp);
}
[[gnu::always_inline]] constexpr bool has_ports(const Flow& f) {
    return f.protocol == IpProto::tcp || f.protocol == IpProto::udp || f.protocol == IpProto::sctp;
}

/// Ports, and TCP flags or SCTP's event; Reason::count when the transport header is there: in the packet, not in what
/// pads its frame.
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
    } else if (p.flow.protocol == IpProto::sctp) {
        const u8* l4 = e.at(p.l4, sctp::size);
        if (!l4)
            return Reason::malformed;
        p.flow.sport = load<Be16>(l4);
        p.flow.dport = load<Be16>(l4 + 2);
        p.tcp_flags = 0;
        p.l4_size = sctp::size;
        smallest = sctp::size;
        p.event = sctp_event(e, p.l4, E::l3 + p.length);
    } else {
        const u8* l4 = e.at(p.l4, udp::size);
        if (!l4)
            return Reason::malformed;
        p.flow.sport = load<Be16>(l4);
        p.flow.dport = load<Be16>(l4 + 2);
        p.tcp_flags = 0;
        p.l4_size = udp::size;
    }
    // The verifier need not follow each protocol on its own from here.
    u32 told = p.tcp_flags | static_cast<u32>(p.event) << 8 | u32{p.l4_size} << 16;
    forget(e, told);
    p.tcp_flags = static_cast<u8>(told);
    p.event = static_cast<SctpEvent>(told >> 8 & 15);
    p.l4_size = static_cast<u8>(told >> 16);
    const bool short_packet = p.length < p.l4 - E::l3 + smallest;
    return short_packet || p.l4_size < smallest ? Reason::malformed : Reason::count;
}

} // namespace bpvs::net
