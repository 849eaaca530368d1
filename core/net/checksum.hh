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

} // namespace bpvs::net
