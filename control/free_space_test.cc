#include "control/free_space.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace bpvs {
namespace {

TEST(FreeSpace, gives_the_lowest_stretch_that_fits) {
    FreeSpace space(10);
    EXPECT_EQ(space.take(4), 0u);
    EXPECT_EQ(space.take(4), 4u);
    EXPECT_EQ(space.take(3), std::nullopt);
    space.give(0, 4);
    EXPECT_EQ(space.take(2), 0u);
    EXPECT_EQ(space.take(2), 2u);
    EXPECT_EQ(space.take(2), 8u);
    EXPECT_EQ(space.take(1), std::nullopt);
}

TEST(FreeSpace, refuses_a_place_that_is_taken) {
    FreeSpace space(10);
    EXPECT_TRUE(space.take_at(3, 4));
    EXPECT_FALSE(space.take_at(0, 4));
    EXPECT_FALSE(space.take_at(6, 2));
    EXPECT_FALSE(space.take_at(8, 3));
    EXPECT_TRUE(space.take_at(7, 3));
    EXPECT_TRUE(space.take_at(0, 3));
}

TEST(FreeSpace, takes_many_as_one_by_one) {
    const u32 seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    constexpr u32 size = 60;
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::pair<u32, u32>> stretches;
        for (auto n = random() % 6; n > 0; --n)
            stretches.emplace_back(static_cast<u32>(random() % size), static_cast<u32>(random() % 12));
        std::ranges::sort(stretches);
        FreeSpace one_by_one(size);
        FreeSpace together(size);
        const bool fits = std::ranges::all_of(stretches, [&](auto s) { return one_by_one.take_at(s.first, s.second); });
        ASSERT_EQ(together.take_sorted(stretches), fits);
        while (fits) { // what is left is the same
            const auto a = one_by_one.take(1);
            ASSERT_EQ(together.take(1), a);
            if (!a)
                break;
        }
    }
}

TEST(FreeSpace, never_gives_a_word_twice_and_loses_none) {
    const u32 seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    constexpr u32 size = 200;
    FreeSpace space(size);
    std::vector<bool> used(size);
    std::vector<std::pair<u32, u32>> blocks;
    for (int i = 0; i < 5000; ++i) {
        if (random() % 2 == 0 || blocks.empty()) {
            const u32 words = 1 + static_cast<u32>(random() % 30);
            if (const auto at = space.take(words)) {
                for (u32 w = *at; w < *at + words; ++w) {
                    ASSERT_FALSE(used.at(w));
                    used[w] = true;
                }
                blocks.emplace_back(*at, words);
            }
        } else {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            const auto [at, words] = blocks.back();
            blocks.pop_back();
            space.give(at, words);
            for (u32 w = at; w < at + words; ++w)
                used[w] = false;
        }
    }
    for (auto [at, words] : blocks)
        space.give(at, words);
    EXPECT_EQ(space.take(size), 0u) << "the stretches were not joined again";
}

} // namespace
} // namespace bpvs
