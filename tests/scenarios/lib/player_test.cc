// A scenario that does not hold must fail, and say why.
#include "tests/scenarios/lib/player.hh"

#include "tests/scenarios/lib/native_bench.hh"

#include <gtest/gtest.h>

namespace bpvs::scenario {
namespace {

constexpr const char* setup = "bpvsadm -A -t vip:80 -s rr\n"
                              "bpvsadm -a -t vip:80 -r rip1:80 -m\n"
                              "in tcp cip:40000 > vip:80 S\n";

std::string outcome(const std::string& more) {
    NativeBench bench;
    const auto failure = Player(bench).play(setup + more);
    return failure ? to_text(*failure) : "";
}

void expect_failure(const std::string& more, const std::string& part) {
    const std::string text = outcome(more);
    EXPECT_NE(text.find(part), std::string::npos) << more << "\nsaid: " << text;
}

TEST(Player, holds_what_holds) { EXPECT_EQ(outcome("out tcp cip:40000 > rip1:80 S ttl 63\nconns 1\n"), ""); }

TEST(Player, every_byte_of_a_packet_counts) {
    for (const char* wrong :
         {"tcp cip:40000 > rip1:80 S", "tcp cip:40000 > rip2:80 S ttl 63", "tcp cip:40000 > rip1:81 S ttl 63",
          "tcp cip:40000 > rip1:80 SA ttl 63", "tcp cip:40000 > rip1:80 S ttl 63 payload 1B",
          "tcp cip:40000 > rip1:80 S ttl 63 sum +1", "tcp cip:40000 > rip1:80 S ttl 63 ipsum +1",
          "tcp cip:40000 > rip1:80 S ttl 63 id 1", "tcp cip:40000 > rip1:80 S ttl 63 by neighbour"})
        expect_failure(std::string("out ") + wrong, "instead of");
}

TEST(Player, the_fate_of_a_packet_counts) {
    expect_failure("dropped", "expected: dropped\n      got:      sent out (new_connection)");
    expect_failure("pass untouched", "got:      sent out");
    expect_failure("to stack tcp cip:40000 > rip1:80 S ttl 63", "got:      sent out");
}

TEST(Player, packets_must_be_answered_and_answers_asked_for) {
    expect_failure("", "without a word on what became of the last packet");
    expect_failure("in tcp cip:40000 > vip:80 S", "first say what became");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\nconns 1\ndropped", "no packet went in");
}

TEST(Player, what_the_director_says_counts) {
    const std::string out = "out tcp cip:40000 > rip1:80 S ttl 63\n";
    expect_failure(out + "conns 2", "tcp cip:40000 vip:80 rip1:80 SYN_RECV");
    expect_failure(out + "conn tcp cip:40000 vip:80 rip1:80 ESTABLISHED", "SYN_RECV");
    expect_failure(out + "conn tcp cip:40000 vip:80 rip2:80 SYN_RECV", "rip1:80");
    expect_failure(out + "conn tcp cip:40000 vip:80 rip1:80 SYN_RECV expires 58", "expires 60");
    expect_failure(out + "conn tcp cip:40001 vip:80 rip1:80 SYN_RECV", "connections of this client port 1");
    expect_failure(out + "no conn tcp cip:40000 vip:80", "got:      connections of this client port 1");
    expect_failure(out + "counters tcp vip:80 conns 2", "got:      conns 1");
    expect_failure(out + "counters tcp vip:80 in 1/41", "got:      in 1/40");
    expect_failure(out + "counters tcp vip:80 > rip1:80 active 0", "got:      active 1");
    expect_failure(out + "counters tcp vip:80 > rip2:80 active 0", "no server rip2:80");
    expect_failure(out + "reason new_connection 2", "got:      packets 1");
}

TEST(Player, mistakes_in_a_file_are_failures_with_their_line) {
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\n\nnonsense", "line 6: nonsense");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\nbpvsadm -a -t vip:99 -r rip1 -m", "line 5");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\nmtu inside 1400", "before the first other step");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\nreason nonsense 1", "no reason 'nonsense'");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\nconns", "ends too early");
    expect_failure("out tcp cip:40000 > rip1:80 S ttl 63\ncounters tcp vip:80 conn 1", "ends too early");
}

} // namespace
} // namespace bpvs::scenario
