// The Internet checksum, incrementally (RFC 1071, RFC 1624).
//
// Let S be the one's complement sum of the covered 16-bit words; the field holds C = ~S. Replacing a
// word m by m' gives S' = S + ~m + m', hence C' = ~(~C + ~m + m')  (RFC 1624, equation 3). One's
// complement sums do not depend on byte order (RFC 1071, section 2 (B)), so wire words are added as
// they are loaded.
#pragma once

#include "core/model/types.hh"

namespace bpvs::net {

/// Folds a 32-bit one's complement accumulator to 16 bits.
[[gnu::always_inline]] constexpr u16 fold(u32 sum) {
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    return static_cast<u16>(sum);
}

/// What `bytes` bytes in memory, an even number, add to a sum.
template <u32 bytes>
[[gnu::always_inline]] inline u32 sum_of(const u8* p) {
    static_assert(bytes % 2 == 0 && bytes <= 0xffff);
    u32 sum = 0;
    for (u32 i = 0; i < bytes; i += 2)
        sum += p[i] | u32{p[i + 1]} << 8;
    return sum;
}

/// The checksum field after the 16-bit word `from` became `to`.
[[gnu::always_inline]] constexpr Be16 replace(Be16 check, Be16 from, Be16 to) {
    const u32 sum = (static_cast<u32>(check) ^ 0xffffu) + (static_cast<u32>(from) ^ 0xffffu) + static_cast<u32>(to);
    return static_cast<Be16>(fold(sum) ^ 0xffffu);
}

/// The checksum field after the 32-bit word `from` became `to`.
[[gnu::always_inline]] constexpr Be16 replace(Be16 check, Be32 from, Be32 to) {
    const u32 f = static_cast<u32>(from);
    const u32 t = static_cast<u32>(to);
    const u32 sum = (static_cast<u32>(check) ^ 0xffffu) + ((f & 0xffffu) ^ 0xffffu) + ((f >> 16) ^ 0xffffu) +
                    (t & 0xffffu) + (t >> 16);
    return static_cast<Be16>(fold(sum) ^ 0xffffu);
}

/// What replacing one address by another adds to a sum: S' - S as a 32-bit one's complement number.
[[gnu::always_inline]] constexpr u32 difference(const Address& from, const Address& to) {
    u64 sum = 0;
    for (int i = 0; i < 4; i++)
        sum += u64{static_cast<u32>(to.word[i])} + ~static_cast<u32>(from.word[i]);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    return static_cast<u32>(sum + (sum >> 32));
}

/// The checksum field after a few words, `sum`, were added to what it covers.
[[gnu::always_inline]] constexpr Be16 add(Be16 check, u32 sum) {
    return static_cast<Be16>(fold((static_cast<u32>(check) ^ 0xffffu) + sum) ^ 0xffffu);
}

/// The checksum field after what it covers changed by `difference`.
[[gnu::always_inline]] constexpr Be16 replace(Be16 check, u32 difference) {
    const u32 sum = (static_cast<u32>(check) ^ 0xffffu) + (difference & 0xffffu) + (difference >> 16);
    return static_cast<Be16>(fold(sum) ^ 0xffffu);
}

/// The checksum field after an address became another. What is zero in both, as in IPv4, changes nothing.
[[gnu::always_inline]] constexpr Be16 replace(Be16 check, const Address& from, const Address& to) {
    return replace(check, difference(from, to));
}

} // namespace bpvs::net
