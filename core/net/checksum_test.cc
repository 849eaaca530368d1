#include "core/net/checksum.hh"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <tins/utils/checksum_utils.h>

#include <cstdlib>
#include <vector>

namespace bpvs::net {
namespace {

using Bytes = std::vector<u8>;

/// RFC 1071 the long way, in 64 bits: nothing is shared with the code under test.
u16 full_checksum(const Bytes& data) {
    u64 sum = 0;
    for (std::size_t i = 0; i < data.size(); i += 2)
        sum += static_cast<u64>(data[i]) << 8 | (i + 1 < data.size() ? data[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(~sum);
}

const int many = setenv("RC_PARAMS", "max_success=10000", 0);

void must_hold(bool ok) { EXPECT_TRUE(ok); }

/// At least one word that stays non-zero: the one case in which two representations of zero meet is a packet
/// of zeros alone, and no packet is.
Bytes packet(const std::vector<u16>& words) {
    Bytes b{0x45, 0};
    for (const u16 w : words) {
        b.push_back(static_cast<u8>(w >> 8));
        b.push_back(static_cast<u8>(w));
    }
    return b;
}

template <class T>
T load_at(const Bytes& b, std::size_t at) {
    T v;
    __builtin_memcpy(&v, b.data() + at, sizeof v);
    return v;
}

template <class T>
void replacing_equals_recomputing() {
    const auto words =
        *rc::gen::suchThat(rc::gen::arbitrary<std::vector<u16>>(), [](const auto& w) { return w.size() >= 2; });
    Bytes b = packet(words);
    const Be16 before = to_be16(full_checksum(b));
    const std::size_t at = *rc::gen::inRange<std::size_t>(1, (b.size() - sizeof(T)) / 2 + 1) * 2;
    const T from = load_at<T>(b, at);
    const T to = static_cast<T>(*rc::gen::arbitrary<std::underlying_type_t<T>>());
    __builtin_memcpy(b.data() + at, &to, sizeof to);
    const Be16 after = replace(before, from, to);
    RC_ASSERT(from_be16(after) == full_checksum(b));
    // libtins sums words as loaded and leaves the complement to its caller.
    const u32 sum = Tins::Utils::sum_range(b.data(), b.data() + b.size());
    RC_ASSERT(static_cast<u16>(after) == static_cast<u16>(~fold(sum)));
}

TEST(Checksum, replacing_a_port_equals_recomputing) { must_hold(rc::check(replacing_equals_recomputing<Be16>)); }
TEST(Checksum, replacing_an_address_equals_recomputing) { must_hold(rc::check(replacing_equals_recomputing<Be32>)); }

TEST(Checksum, replacing_there_and_back_restores_it) {
    must_hold(rc::check([](u16 check, u32 a, u32 b) {
        RC_PRE(check != 0xffff); // no packet has it: its words would all be zero
        const Be16 there = replace(Be16{check}, Be32{a}, Be32{b});
        RC_ASSERT(replace(there, Be32{b}, Be32{a}) == Be16{check});
    }));
}

TEST(Checksum, a_wrong_checksum_stays_wrong_by_the_same_amount) {
    must_hold(rc::check([](u16 check, u16 error, u32 a, u32 b) {
        const auto residue = [](Be16 c) { return static_cast<u32>(c) % 65535u; };
        const u32 right = residue(replace(Be16{check}, Be32{a}, Be32{b}));
        const Be16 damaged = static_cast<Be16>(fold(static_cast<u32>(check) + error));
        RC_ASSERT(residue(replace(damaged, Be32{a}, Be32{b})) == (right + error) % 65535u);
    }));
}

TEST(Checksum, example_of_rfc_1624) {
    // Section 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285 gives 0x0000.
    EXPECT_EQ(replace(to_be16(0xdd2f), to_be16(0x5555), to_be16(0x3285)), Be16{});
}

TEST(Checksum, folding_keeps_the_value_modulo_65535) {
    must_hold(rc::check([](u32 sum) {
        RC_ASSERT(fold(sum) % 65535u == sum % 65535u);
        RC_ASSERT((fold(sum) == 0) == (sum == 0));
    }));
}

} // namespace
} // namespace bpvs::net
