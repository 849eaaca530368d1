#include "cli/bpvsadm/lookup.hh"

#include "control/test_lab.hh"

#include <thread>

namespace bpvs::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Lookup, waits_no_longer_than_its_patience_and_keeps_what_was_answered) {
    constexpr std::size_t stuck = 20;
    std::vector<Question> questions;
    for (std::size_t i = 0; i < stuck; ++i)
        questions.emplace_back([] {
            std::this_thread::sleep_for(std::chrono::hours(1));
            return std::string("late");
        });
    for (int i = 0; i < 200; ++i)
        questions.emplace_back([i] { return std::to_string(i); });
    const auto begin = steady_clock::now();
    const auto answers = ask(std::move(questions), milliseconds(500));
    const auto took = steady_clock::now() - begin;
    EXPECT_GE(took, milliseconds(500));
    EXPECT_LT(took, std::chrono::seconds(20));
    for (std::size_t i = 0; i < stuck; ++i)
        EXPECT_FALSE(answers.at(i));
    for (std::size_t i = stuck; i < answers.size(); ++i)
        EXPECT_EQ(answers[i], std::to_string(i - stuck));
}

TEST(Lookup, does_not_wait_when_everything_is_answered) {
    const auto begin = steady_clock::now();
    EXPECT_EQ(ask({[] { return std::string("a"); }}, std::chrono::hours(1)).front(), "a");
    EXPECT_TRUE(ask({}, std::chrono::hours(1)).empty());
    EXPECT_LT(steady_clock::now() - begin, std::chrono::minutes(1));
}

TEST(Lookup, finds_the_address_of_a_host_by_name) {
    EXPECT_EQ(address_of("localhost"), address_v4(to_be32(0x7f000001)));
    EXPECT_EQ(address_of(""), std::nullopt);
}

TEST(Names, are_none_where_none_were_asked_for) {
    const Names none;
    EXPECT_EQ(none.host(Family::v4, rip(1)), nullptr);
    EXPECT_EQ(none.port(IpProto::tcp, to_be16(80)), nullptr);
    EXPECT_EQ(none.unanswered(), 0u);
}

} // namespace
} // namespace bpvs::cli
