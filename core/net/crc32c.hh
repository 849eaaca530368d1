// SCTP's checksum, CRC32c (RFC 9260, appendix A), incrementally.
//
// A CRC is linear: two messages of one length have CRCs that differ by L(difference of the messages), where L is the
// CRC without its initial value and final complement, which are the same in both. As polynomials over GF(2), P being
// Castagnoli's, L(d) = d(x) * x^32 mod P. Ports are the first four bytes of a packet: when they change by w and the
// packet is n bytes long, d(x) = w(x) * x^(8 (n - 4)), and so
//
//     L(d) = w(x) * x^(8 n) mod P.
//
// x^(8 n) is the product of two powers that tables hold, one for each byte of n. Hence a change costs two
// multiplications, whatever the length, and the payload is not looked at: a wrong checksum stays wrong.
//
// Polynomials are reflected, as CRC32c is: bit 31 is the coefficient of x^0, bit 0 that of x^31. Then four bytes of a
// message and the checksum field are loaded from the wire as a little-endian word just as they are.
#pragma once

#include "core/model/types.hh"

namespace bpvs::net {

namespace detail {

constexpr u32 castagnoli = 0x82f63b78; ///< P without x^32
constexpr u32 x_to_0 = 0x80000000;
constexpr u32 x_to_8 = 0x00800000;

/// a * b mod P: of a, coefficient by coefficient, what it adds; b is multiplied by x from step to step.
[[gnu::always_inline]] constexpr u32 multiply(u32 a, u32 b) {
    u32 product = 0;
    for (int i = 0; i < 32; i++) {
        product ^= b & -(a >> 31);
        a <<= 1;
        b = b >> 1 ^ (castagnoli & -(b & 1));
    }
    return product;
}

struct Powers {
    u32 of[256];
};

/// The powers 0 to 255 of a polynomial.
constexpr Powers powers(u32 base) {
    Powers p{};
    p.of[0] = x_to_0;
    for (int i = 1; i < 256; i++)
        p.of[i] = multiply(p.of[i - 1], base);
    return p;
}

static constexpr Powers low_powers = powers(x_to_8);
static constexpr Powers high_powers = powers(multiply(low_powers.of[255], x_to_8));

} // namespace detail

/// What the checksum of a packet of `length` bytes (below 64 Ki) changes by when its first four bytes do by `change`;
/// both are xor-differences of words as loaded from the wire.
[[gnu::always_inline]] inline u32 crc32c_change(u32 change, u32 length) {
    u32 low = length & 255;
    u32 high = length >> 8 & 255;
    asm("" : "+r"(low), "+r"(high)); // Linux 6.1's verifier wants to see bounds that the compiler would prove away
    return detail::multiply(detail::multiply(change, detail::low_powers.of[low & 255]),
                            detail::high_powers.of[high & 255]);
}

} // namespace bpvs::net
