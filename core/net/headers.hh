// Wire formats as offsets and loads. Headers are read at their offset in the packet with unaligned
// loads, never by casting packet memory to a struct with stricter alignment.
#pragma once

#include "core/model/types.hh"

namespace bpvs::net {

template <class T>
[[gnu::always_inline]] inline T load(const u8* p) {
    T v{};
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

template <class T>
[[gnu::always_inline]] inline void store(u8* p, T v) {
    __builtin_memcpy(p, &v, sizeof v);
}

/// Ethernet II.
namespace eth {
constexpr u32 size = 14, dst = 0, src = 6, type = 12;
constexpr u32 shortest_payload = 50; ///< frames have 60 bytes at least, 64 with a VLAN tag
constexpr Be16 type_ipv4 = to_be16(0x0800), type_ipv6 = to_be16(0x86dd);
} // namespace eth

/// IPv4 (RFC 791).
namespace ipv4 {
constexpr u32 min_size = 20, tos = 1, total_length = 2, id = 4, fragment = 6, ttl = 8, protocol = 9, check = 10,
              src = 12, dst = 16;
constexpr u16 dont_fragment = 0x4000, more_or_offset = 0x3fff;
} // namespace ipv4

/// IPv6 (RFC 8200). Extension headers begin with the next header's number and a length.
namespace ipv6 {
constexpr u32 size = 40, payload_length = 4, next_header = 6, hop_limit = 7, src = 8, dst = 24;
constexpr u8 hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, destination_options = 60;
/// RFC 8200 has each at most once, destination options twice; more of them, or longer, nobody sends in earnest.
constexpr u32 max_extensions = 8, max_extension_bytes = 2048;
} // namespace ipv6

/// TCP (RFC 9293).
namespace tcp {
constexpr u32 min_size = 20, seq = 4, ack_seq = 8, data_offset = 12, flags = 13, check = 16;
constexpr u8 fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;
} // namespace tcp

/// UDP (RFC 768). A checksum of zero means none.
namespace udp {
constexpr u32 size = 8, check = 6;
} // namespace udp

/// SCTP (RFC 9260): a header, then chunks, each with a header of its own.
namespace sctp {
constexpr u32 size = 12, check = 8;
} // namespace sctp

/// ICMP (RFC 792, RFC 4443): errors embed the IP header and at least the first 8 bytes of what they are about.
namespace icmp {
constexpr u32 size = 8, type = 0, code = 1, check = 2, embedded_l4 = 8;
constexpr u8 dest_unreachable = 3, source_quench = 4, time_exceeded = 11;
constexpr u8 port_unreachable = 3; ///< code of dest_unreachable
constexpr u8 dest_unreachable_v6 = 1, port_unreachable_v6 = 4;
constexpr u8 first_v6_information = 128; ///< ICMPv6: types below are errors
} // namespace icmp

} // namespace bpvs::net
