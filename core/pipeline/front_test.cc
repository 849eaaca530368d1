// In front of the whole recipe or not: the same comes out, and the same is remembered.
#include "tests/scenarios/lib/generators.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <type_traits>

namespace bpvs {
namespace {

using scenario::Frame;

constexpr const char* setup =
    "bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:8080 -m\n"
    "bpvsadm -a -t vip:80 -r rip2:80 -m\nbpvsadm -a -t vip:80 -r dip:80 -m\n"
    "bpvsadm -A -u vip:80 -s wlc\nbpvsadm -a -u vip:80 -r rip1:80 -m -w 2\n"
    "bpvsadm -a -u vip:80 -r rip2:80 -m\nbpvsadm -a -u vip:80 -r rip3:80 -m\n"
    "bpvsadm -A -t vip2:80 -s rr -p 100\nbpvsadm -a -t vip2:80 -r rip1:80 -m\n"
    "bpvsadm -a -t vip2:80 -r rip3:80 -m -w 0\n"
    "bpvsadm -A -u vip2:80 -s rr -o\nbpvsadm -a -u vip2:80 -r rip1:80 -m\n"
    "bpvsadm -a -u vip2:80 -r rip2:80 -m\n"
    "bpvsadm -A --sctp-service vip:80 -s rr\nbpvsadm -a --sctp-service vip:80 -r rip1:8080 -m\n";

void play(scenario::NativeBench& bench, const std::string& text) {
    if (const auto failure = scenario::Player(bench).play(text))
        RC_FAIL(scenario::to_text(*failure));
}

Frame any_frame() {
    const auto host = [](const char* a, const char* b) {
        return scenario::parse_address(*rc::gen::element<std::string>(a, b));
    };
    const u16 client_port = *rc::gen::element<u16>(1, 2, 3);
    scenario::Packet p = *rc::gen::arbitrary<bool>()
                             ? scenario::any_packet(host("cip", "cip2"), client_port, host("vip", "vip2"), 80)
                             : scenario::any_packet(host("rip1", "rip2"), *rc::gen::element<u16>(80, 8080),
                                                    host("cip", "cip2"), client_port);
    p.flags = *rc::gen::element<u8>(2, 2, 2, 16, 16, 17, 18, 4, p.flags);
    p.ttl = *rc::gen::element<u8>(1, 2, 64, 64, 64);
    return scenario::arriving(p);
}

/// Records of a plain table, byte by byte.
template <class T>
void expect_same(const sim::LargeTable<T>& a, const sim::LargeTable<T>& b) {
    static_assert(std::has_unique_object_representations_v<T>, "padding is not copied");
    RC_ASSERT(a.size() == b.size());
    const bool same = std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
    RC_ASSERT(same);
}

RC_GTEST_PROP(Front, makes_no_difference, ()) {
    scenario::NativeBench whole;
    scenario::NativeBench behind({}, true);
    play(whole, setup);
    play(behind, setup);
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; i++) {
        const Frame frame = any_frame();
        const u32 on = frame[5] != 0 ? 11 : 10;
        const sim::Outcome expected = whole.world().ingress(on, frame);
        const sim::Outcome got = behind.world().ingress_behind_front(on, frame);
        RC_ASSERT(got.verdict.reason == expected.verdict.reason);
        RC_ASSERT(got.frame == expected.frame);
        RC_ASSERT(got.verdict.ifindex == expected.verdict.ifindex);
        if (*rc::gen::inRange(0, 8) == 0) {
            whole.wait(1);
            behind.wait(1);
        }
    }
    RC_ASSERT(whole.tables().reasons == behind.tables().reasons);
    expect_same(whole.tables().counters, behind.tables().counters);
    expect_same(whole.tables().conns, behind.tables().conns);
    expect_same(whole.tables().dests, behind.tables().dests);
    expect_same(whole.tables().cursors, behind.tables().cursors);
}

/// A connection that was entered in front, but whose first packet could not be finished there, still counts as new,
/// once.
TEST(Front, leaves_a_first_packet_and_counts_it_once) {
    scenario::NativeBench bench({}, true);
    const auto failure = scenario::Player(bench).play("neighbour rip1 unknown\n"
                                                      "bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:80 -m\n"
                                                      "in tcp cip:1 > vip:80 S\n"
                                                      "out tcp cip:1 > rip1:80 S ttl 63 by neighbour\n"
                                                      "in tcp cip:1 > vip:80 S\n"
                                                      "out tcp cip:1 > rip1:80 S ttl 63 by neighbour\n"
                                                      "counters tcp vip:80 conns 1 in 2/80\n"
                                                      "reason new_connection 1\nreason request_forwarded 1\n");
    EXPECT_FALSE(failure) << scenario::to_text(*failure);
    EXPECT_EQ(bench.world().finished_in_front(), 0u);
}

/// Of an established connection all packets but those that may change its state; nothing else.
TEST(ShortWay, is_what_established_connections_take) {
    for (const bool in_front : {false, true}) {
        scenario::NativeBench bench({}, in_front);
        const auto play = [&bench](const std::string& text, u64 expected) {
            const auto failure = scenario::Player(bench).play(text);
            EXPECT_FALSE(failure) << scenario::to_text(*failure);
            EXPECT_EQ(bench.world().went_short_way(), expected) << text;
        };
        play("bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:8080 -m\n"
             "in tcp cip:1 > vip:80 S\nout tcp cip:1 > rip1:8080 S ttl 63\n"
             "in tcp rip1:8080 > cip:1 SA\nout tcp vip:80 > cip:1 SA ttl 63\n"
             "in tcp cip:1 > vip:80 A\nout tcp cip:1 > rip1:8080 A ttl 63\n",
             0);
        play("in tcp cip:1 > vip:80 A\nout tcp cip:1 > rip1:8080 A ttl 63\n"
             "in tcp rip1:8080 > cip:1 A\nout tcp vip:80 > cip:1 A ttl 63\n"
             "counters tcp vip:80 conns 1 in 3/120 out 2/80\n",
             2);
        play("in tcp cip:1 > vip:80 FA\nout tcp cip:1 > rip1:8080 FA ttl 63\n"
             "in tcp rip1:8080 > cip:1 A\nout tcp vip:80 > cip:1 A ttl 63\n",
             2);
    }
}

TEST(Front, leaves_sums_that_a_device_is_to_finish) {
    scenario::NativeBench bench({}, true);
    const auto failure =
        scenario::Player(bench).play("bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:80 -m\n");
    EXPECT_FALSE(failure);
    Frame frame = scenario::arriving(scenario::parse_packet("tcp cip:1 > vip:80 S"));
    Flow flow{};
    flow.saddr = scenario::parse_address("cip").addr;
    flow.daddr = scenario::parse_address("vip").addr;
    flow.protocol = IpProto::tcp;
    const u16 sum = net::pseudo_header_sum(flow, 20);
    std::memcpy(&frame[14 + 20 + net::tcp::check], &sum, sizeof sum);
    bench.world().ingress_behind_front(10, frame);
    EXPECT_EQ(bench.world().finished_in_front(), 0u);
    frame[14 + 20 + net::tcp::check] ^= 1;
    bench.world().ingress_behind_front(10, frame);
    EXPECT_EQ(bench.world().finished_in_front(), 1u);
}

} // namespace
} // namespace bpvs
