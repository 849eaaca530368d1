// The hashes of the hashing schedulers, IPVS's own: packets look up with them what the control library filled in.
#pragma once

#include "core/model/types.hh"

namespace bpvs {

constexpr u32 hash_buckets = 256;    ///< of sh and dh; IPVS's default
constexpr u32 maglev_buckets = 4093; ///< of mh; IPVS's default

/// An address as one number in host byte order.
[[gnu::always_inline]] inline u32 fold_address(const Address& a) {
    const u32 words = static_cast<u32>(a.word[0]) ^ static_cast<u32>(a.word[1]) ^ static_cast<u32>(a.word[2]) ^
                      static_cast<u32>(a.word[3]);
    return from_be32(static_cast<Be32>(words));
}

/// Multiplicative hashing by the golden ratio (Knuth, TAOCP 6.4) to 8 bits.
[[gnu::always_inline]] constexpr u32 golden_hash(u32 x) { return (x * 0x61c88647u) >> 24; }

[[gnu::always_inline]] constexpr u64 rotate_left(u64 x, u32 by) { return x << by | x >> (64 - by); }

/// SipHash-1-3 of one 32-bit word, both halves of the key being `key`, truncated to 32 bits
/// (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
[[gnu::always_inline]] constexpr u32 sip_hash(u32 word, u64 key) {
    u64 a = key ^ 0x736f6d6570736575ull;
    u64 b = key ^ 0x646f72616e646f6dull;
    u64 c = key ^ 0x6c7967656e657261ull;
    u64 d = key ^ 0x7465646279746573ull;
    const u64 block = u64{4} << 56 | word;
    d ^= block;
    for (int i = 0; i < 4; i++) {
        if (i == 1) {
            a ^= block;
            c ^= 0xff;
        }
        a += b;
        b = rotate_left(b, 13) ^ a;
        a = rotate_left(a, 32);
        c += d;
        d = rotate_left(d, 16) ^ c;
        a += d;
        d = rotate_left(d, 21) ^ a;
        c += b;
        b = rotate_left(b, 17) ^ c;
        c = rotate_left(c, 32);
    }
    return static_cast<u32>(a ^ b ^ c ^ d);
}

/// Maglev's two hashes: the place of a client, and with the second a server's permutation.
constexpr u64 maglev_key = 2654435761ull;
constexpr u64 maglev_skip_key = 2654446892ull;
[[gnu::always_inline]] constexpr u32 maglev_bucket(u32 x) { return sip_hash(x, maglev_key) % maglev_buckets; }

} // namespace bpvs
