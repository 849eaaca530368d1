// A TCP segment of our own, in place of the packet at hand: headers without options, and no data.
#pragma once

#include "core/net/checksum.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"

namespace bpvs::net {

/// What a segment says, in host byte order.
struct Segment {
    u32 seq;
    u32 ack;
    u8 flags;
};

constexpr u8 our_ttl = 64;

[[gnu::always_inline]] constexpr u32 ip_size(Family family) {
    return family == Family::v6 ? ipv6::size : ipv4::min_size;
}

[[gnu::always_inline]] inline u64 sum_of(const Address& a) {
    return u64{static_cast<u32>(a.word[0])} + static_cast<u32>(a.word[1]) + static_cast<u32>(a.word[2]) +
           static_cast<u32>(a.word[3]);
}

[[gnu::always_inline]] inline u16 folded(u64 sum) {
    sum = (sum & 0xffffffffu) + (sum >> 32);
    return fold(static_cast<u32>((sum & 0xffffu) + (sum >> 16 & 0xffffu) + (sum >> 32)));
}

/// Room to make the headers in.
struct Headers {
    u32 ip[ipv6::size / 4];
    u32 tcp[tcp::min_size / 4];
};

/// The IPv4 header of a segment without data.
[[gnu::always_inline]] inline void make_ipv4(u32* w, const Address& saddr, const Address& daddr) {
    w[0] = static_cast<u32>(to_be32(0x45000000u | (ipv4::min_size + tcp::min_size)));
    w[1] = static_cast<u32>(to_be32(ipv4::dont_fragment));
    w[2] = static_cast<u32>(to_be32(u32{our_ttl} << 24 | static_cast<u32>(IpProto::tcp) << 16));
    w[3] = static_cast<u32>(saddr.word[0]);
    w[4] = static_cast<u32>(daddr.word[0]);
    w[2] |= static_cast<u32>(static_cast<u16>(~folded(u64{w[0]} + w[1] + w[2] + w[3] + w[4]))) << 16;
}

[[gnu::always_inline]] inline void make_ipv6(u32* w, const Address& saddr, const Address& daddr) {
    w[0] = static_cast<u32>(to_be32(0x60000000u));
    w[1] = static_cast<u32>(to_be32(tcp::min_size << 16 | static_cast<u32>(IpProto::tcp) << 8 | our_ttl));
    __builtin_memcpy(w + 2, &saddr, sizeof saddr);
    __builtin_memcpy(w + 6, &daddr, sizeof daddr);
}

/// Writes the segment's headers over those of the frame, which has been trimmed to their length. sum_left: the device
/// sums it up, and wants the sum of the pseudo header only.
template <class E>
[[gnu::always_inline]] inline bool put_segment(E& e, u32 l3, Headers& h, Family family, const Address& saddr,
                                               const Address& daddr, Be16 sport, Be16 dport, const Segment& s,
                                               bool sum_left) {
    h.tcp[0] = static_cast<u32>(sport) | static_cast<u32>(dport) << 16;
    h.tcp[1] = static_cast<u32>(to_be32(s.seq));
    h.tcp[2] = static_cast<u32>(to_be32(s.ack));
    h.tcp[3] = static_cast<u32>(to_be32(0x50000000u | u32{s.flags} << 16));
    const u64 pseudo = sum_of(saddr) + sum_of(daddr) + static_cast<u32>(to_be32(tcp::min_size)) +
                       static_cast<u32>(to_be32(static_cast<u32>(IpProto::tcp)));
    const u64 all = pseudo + h.tcp[0] + h.tcp[1] + h.tcp[2] + h.tcp[3];
    h.tcp[4] = sum_left ? folded(pseudo) : static_cast<u16>(~folded(all));
    if (family == Family::v6) {
        make_ipv6(h.ip, saddr, daddr);
        return e.put(l3, h.ip, ipv6::size) && e.put(l3 + ipv6::size, h.tcp, sizeof h.tcp);
    }
    make_ipv4(h.ip, saddr, daddr);
    return e.put(l3, h.ip, ipv4::min_size) && e.put(l3 + ipv4::min_size, h.tcp, sizeof h.tcp);
}

} // namespace bpvs::net
