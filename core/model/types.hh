// Strong scalar types and addresses shared by the packet programs and user space.
//
// Everything that is reachable from a BPF map must be a plain named struct or enum: the kernel
// rejects BTF with member functions or template names. Big-endian scalars are therefore enums
// without enumerators: no implicit conversion, no members, no cost.
#pragma once

namespace bpvs {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using s64 = long long;
static_assert(sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8);

/// An index or id of nothing.
constexpr u32 no_id = 0xffffffffu;

/// A 16-bit value in network byte order (ports, checksums, lengths on the wire).
enum class Be16 : u16 {};
/// A 32-bit value in network byte order (one word of an address).
enum class Be32 : u32 {};

[[gnu::always_inline]] constexpr Be16 to_be16(u16 host) { return static_cast<Be16>(__builtin_bswap16(host)); }
[[gnu::always_inline]] constexpr u16 from_be16(Be16 wire) { return __builtin_bswap16(static_cast<u16>(wire)); }
[[gnu::always_inline]] constexpr Be32 to_be32(u32 host) { return static_cast<Be32>(__builtin_bswap32(host)); }
[[gnu::always_inline]] constexpr u32 from_be32(Be32 wire) { return __builtin_bswap32(static_cast<u32>(wire)); }
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian machines are not supported");

/// IP protocol numbers (IANA) that a virtual service can have, and ICMP of both families.
enum class IpProto : u8 { none = 0, icmp = 1, tcp = 6, udp = 17, icmp6 = 58, sctp = 132 };

/// Address families, numbered as AF_INET and AF_INET6.
enum class Family : u8 { none = 0, v4 = 2, v6 = 10 };

/// An IPv4 or IPv6 address in network byte order; an IPv4 address is word[0], the rest is zero.
struct Address {
    Be32 word[4];
};

[[gnu::always_inline]] constexpr bool operator==(const Address& a, const Address& b) {
    return a.word[0] == b.word[0] && a.word[1] == b.word[1] && a.word[2] == b.word[2] && a.word[3] == b.word[3];
}

[[gnu::always_inline]] constexpr Address address_v4(Be32 a) { return Address{{a, Be32{}, Be32{}, Be32{}}}; }

/// From host byte order.
[[gnu::always_inline]] constexpr Address address_v6(u32 a, u32 b, u32 c, u32 d) {
    return Address{{to_be32(a), to_be32(b), to_be32(c), to_be32(d)}};
}

/// address_v4() in two whole stores, as an IPv6 address is written: a verifier then sees the same in both places.
[[gnu::always_inline]] inline void set_v4(Address& to, Be32 a) {
    const u64 halves[2] = {static_cast<u32>(a), 0};
    __builtin_memcpy(&to, halves, sizeof to);
}

} // namespace bpvs
