// The incremental checksum against whole ones, computed bit by bit.
#include "core/net/crc32c.hh"

#include "core/net/headers.hh"
#include "tests/scenarios/lib/generators.hh"
#include "tests/scenarios/lib/sctp.hh"

#include <gtest/gtest.h>

namespace bpvs::net {
namespace {

using scenario::Bytes;
using scenario::crc32c;

Bytes random_bytes(std::size_t n) {
    u32 x = *rc::gen::arbitrary<u32>();
    Bytes bytes(n);
    for (u8& b : bytes) {
        x = x * 1664525u + 1013904223u;
        b = static_cast<u8>(x >> 24);
    }
    return bytes;
}

void change_equals_summing_anew(std::size_t length) {
    Bytes packet = random_bytes(length);
    const u32 before = crc32c(packet.data(), length);
    const u32 change = *rc::gen::arbitrary<u32>();
    store(packet.data(), load<u32>(packet.data()) ^ change);
    const u32 after = crc32c(packet.data(), length);
    RC_ASSERT((before ^ after) == crc32c_change(change, static_cast<u32>(length)));
}

TEST(Crc32c, of_which_the_first_bytes_change_is_as_summed_anew) {
    EXPECT_TRUE(rc::check([] { change_equals_summing_anew(*rc::gen::inRange<std::size_t>(4, 1600)); }));
}

TEST(Crc32c, of_packets_up_to_64_kibibytes_too) {
    for (const std::size_t length :
         {4u, 5u, 255u, 256u, 257u, 511u, 512u, 4095u, 32768u, 65279u, 65280u, 65281u, 65535u})
        EXPECT_TRUE(rc::check([&] {
            if (length < 1000 || *rc::gen::inRange(0, 100) == 0)
                change_equals_summing_anew(length);
        })) << length;
}

TEST(Crc32c, one_byte_more_is_one_multiplication_by_x_to_the_8th) {
    for (const u32 change : {1u, 0x80000000u, 0x12345678u, 0xffffffffu})
        for (u32 n = 4; n < 65535; n++)
            ASSERT_EQ(crc32c_change(change, n + 1), detail::multiply(crc32c_change(change, n), detail::x_to_8)) << n;
}

TEST(Crc32c, without_a_change_stays) { EXPECT_EQ(crc32c_change(0, 1500), 0u); }

} // namespace
} // namespace bpvs::net
