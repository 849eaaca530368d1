// The life of connections: room, rest, expiry, pressure. What packets look like is in tests/scenarios.
#include "core/pipeline/connection.hh"

#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bpvs {
namespace {

using scenario::Fate;

class Lab : public ::testing::Test {
protected:
    explicit Lab(const sim::Sizes& sizes = {}) : bench(sizes), player(bench) {}

    void play(const std::string& text) {
        if (const auto failure = player.play(text))
            FAIL() << scenario::to_text(*failure);
    }
    void one_server() { play("bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:80 -m\n"); }
    void two_servers() {
        one_server();
        play("bpvsadm -a -t vip:80 -r rip2:80 -m\n");
    }
    std::string in(const std::string& packet) {
        const scenario::Topology topology;
        const scenario::Packet p = scenario::parse_packet(packet);
        return bench.arrive(topology.towards(p.saddr), scenario::arriving(p), 0).reason;
    }
    std::string syn(u32 port) { return in(fmt::format("tcp cip:{} > vip:80 S", port)); }

    scenario::NativeBench bench;
    scenario::Player player;
    sim::Tables& tables = bench.tables();
};

struct SmallLab : Lab {
    SmallLab() : Lab({.connections = 8}) {}
};

TEST_F(SmallLab, a_full_table_refuses_and_counts_new_connections_and_serves_the_old) {
    one_server();
    for (u32 port = 1; port <= 8; port++) {
        ASSERT_EQ(syn(port), "new_connection");
        ASSERT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded");
    }
    EXPECT_EQ(syn(9), "table_full");
    EXPECT_EQ(in("tcp cip:3 > vip:80 A"), "request_forwarded");
    EXPECT_EQ(in("tcp rip1:80 > cip:3 A"), "reply_forwarded");
    EXPECT_EQ(tables.table.live, 8u);
    EXPECT_EQ(tables.flows.size(), 16u);
    EXPECT_EQ(bench.world().packets(Reason::table_full), 1u);
    play("conns 8\ncounters tcp vip:80 conns 8 active 8");
}

TEST_F(SmallLab, established_connections_are_never_ended_by_pressure) {
    one_server();
    for (u32 port = 1; port <= 8; port++) {
        syn(port);
        in(fmt::format("tcp cip:{} > vip:80 A", port));
    }
    bench.wait(30);
    EXPECT_EQ(tables.table.live, 8u);
    EXPECT_EQ(syn(9), "table_full");
}

TEST_F(SmallLab, half_open_connections_make_room_under_pressure_after_a_second) {
    one_server();
    for (u32 port = 1; port <= 7; port++)
        syn(port);
    bench.wait(2.5);
    EXPECT_EQ(tables.table.live, 7u) << "7 of 8 is not yet pressure";
    for (u32 port = 1; port <= 3; port++)
        in(fmt::format("tcp cip:{} > vip:80 A", port));
    EXPECT_EQ(syn(8), "new_connection");
    bench.wait(0.5);
    EXPECT_LT(tables.table.live, 8u) << "the older half-open ones go";
    EXPECT_GE(tables.table.live, 4u);
    bench.wait(5);
    for (u32 port = 1; port <= 3; port++)
        EXPECT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded");
    EXPECT_EQ(syn(9), "new_connection");
}

TEST_F(SmallLab, closed_connections_make_room_under_pressure) {
    one_server();
    for (u32 port = 1; port <= 8; port++) {
        syn(port);
        in(fmt::format("tcp cip:{} > vip:80 A", port));
    }
    for (u32 port = 1; port <= 4; port++) {
        in(fmt::format("tcp cip:{} > vip:80 FA", port));
        in(fmt::format("tcp rip1:80 > cip:{} FA", port));
    }
    play("conn tcp cip:1 vip:80 rip1:80 TIME_WAIT");
    EXPECT_EQ(syn(9), "table_full");
    bench.wait(3);
    EXPECT_LT(tables.table.live, 8u);
    EXPECT_EQ(syn(9), "new_connection");
    for (u32 port = 5; port <= 8; port++)
        EXPECT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded");
}

TEST_F(SmallLab, a_slot_rests_before_it_is_used_again) {
    one_server();
    play("bpvsadm --set 1 1 1");
    for (u32 port = 1; port <= 8; port++) {
        syn(port);
        in(fmt::format("tcp cip:{} > vip:80 A", port));
    }
    tables.jiffies += tables.config.hz; // no timer runs: expiry on lookup
    EXPECT_EQ(in("tcp cip:1 > vip:80 A"), "no_connection");
    EXPECT_EQ(tables.table.live, 7u);
    EXPECT_EQ(syn(1), "table_full") << "the slot that just died still rests";
    bench.wait(0);
    bench.wait(2);
    EXPECT_EQ(tables.table.live, 0u);
    for (u32 port = 1; port <= 8; port++)
        EXPECT_EQ(syn(port), "new_connection");
    EXPECT_EQ(tables.table.high_water, 8u);
}

TEST_F(SmallLab, a_removed_connection_leaves_nothing_behind) {
    one_server();
    play("bpvsadm --set 1 1 1");
    for (int round = 0; round < 20; round++) {
        for (u32 port = 1; port <= 8; port++) {
            ASSERT_EQ(syn(port), "new_connection");
            ASSERT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded");
        }
        bench.wait(3);
        ASSERT_EQ(tables.flows.size(), 0u);
        ASSERT_EQ(tables.table.live, 0u);
    }
    for (const Conn& c : tables.conns)
        EXPECT_EQ(c.status.is.life, Life::free);
    play("conns 0\ncounters tcp vip:80 conns 160 active 0 inactive 0");
}

TEST_F(Lab, expiry_is_seen_by_the_next_packet_at_once_and_by_the_sweep_within_a_second) {
    one_server();
    play("bpvsadm --set 2 1 1");
    syn(1);
    in("tcp cip:1 > vip:80 A");
    syn(2);
    in("tcp cip:2 > vip:80 A");
    tables.jiffies += 2 * tables.config.hz - 1;
    EXPECT_EQ(in("tcp rip1:80 > cip:2 A"), "reply_forwarded") << "one jiffy is left";
    tables.jiffies += 1;
    EXPECT_EQ(in("tcp rip1:80 > cip:1 A"), "no_service") << "expired on lookup";
    EXPECT_EQ(tables.table.live, 1u);
    bench.wait(1.98);
    EXPECT_EQ(tables.table.live, 1u);
    bench.wait(1.1);
    EXPECT_EQ(tables.table.live, 0u) << "swept";
}

TEST_F(Lab, a_collision_never_breaks_the_live_connection_and_costs_no_slot_for_long) {
    play("bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:80 -m\n"
         "bpvsadm -A -t vip:81 -s rr\nbpvsadm -a -t vip:81 -r rip1:80 -m\n");
    syn(1);
    const std::size_t flows = tables.flows.size();
    for (int i = 0; i < 100; i++)
        ASSERT_EQ(in("tcp cip:1 > vip:81 S"), "collision");
    EXPECT_EQ(tables.flows.size(), flows);
    EXPECT_EQ(tables.table.live, 1u);
    EXPECT_EQ(in("tcp rip1:80 > cip:1 SA"), "reply_forwarded");
    bench.wait(2);
    EXPECT_EQ(tables.free_conns.size(), 100u) << "slots of refused connections come back";
}

TEST_F(Lab, a_first_packet_that_loses_the_race_leaves_the_winner_alone) {
    two_servers();
    syn(1);
    // Another CPU entered the request tuple between our lookup and our insertion.
    Flow flow{};
    const net::Packet p{flow};
    flow.saddr = address_v4(scenario::parse_address("cip"));
    flow.daddr = address_v4(scenario::parse_address("vip"));
    flow.sport = to_be16(1);
    flow.dport = to_be16(80);
    flow.protocol = IpProto::tcp;
    flow.family = Family::v4;
    sim::SimTables t(tables);
    u32 other = no_id;
    for (u32 i = 0; i < tables.dests.size(); i++)
        if (tables.dests[i].addr == address_v4(scenario::parse_address("rip1")))
            other = i;
    ASSERT_NE(other, no_id);
    Found found{};
    EXPECT_EQ(create_connection(t, tables.config, p, other, tables.dests[other], found), Created::lost_race);
    EXPECT_EQ(tables.flows.size(), 2u);
    EXPECT_EQ(tables.table.live, 1u);
    EXPECT_EQ(in("tcp cip:1 > vip:80 A"), "request_forwarded");
    EXPECT_EQ(in("tcp rip2:80 > cip:1 A"), "reply_forwarded");
    EXPECT_EQ(in("tcp rip1:80 > cip:1 A"), "no_service");
}

TEST_F(Lab, a_connection_is_ended_once) {
    one_server();
    syn(1);
    sim::SimTables t(tables);
    Conn& c = tables.conns[0];
    EXPECT_TRUE(end_connection(t, c));
    EXPECT_FALSE(end_connection(t, c));
    EXPECT_EQ(tables.table.live, 0u);
    EXPECT_EQ(tables.dests[c.dest_id].active + tables.dests[c.dest_id].inactive, 0u);
}

TEST_F(Lab, the_way_out_is_kept_for_a_second) {
    one_server();
    syn(1);
    bench.world().routes().set_neighbour(11, scenario::parse_address("rip1"), sim::Mac{2, 2, 2, 2, 2, 2});
    const scenario::Topology topology;
    const auto dmac = [&] {
        const scenario::Answer a = bench.arrive(topology.links[0], scenario::arriving("tcp cip:1 > vip:80 A"), 0);
        return scenario::mac_text(a.frame.data());
    };
    EXPECT_EQ(dmac(), "02:00:00:10:01:01");
    tables.jiffies += tables.config.hz - 1;
    EXPECT_EQ(dmac(), "02:00:00:10:01:01");
    tables.jiffies += 1;
    EXPECT_EQ(dmac(), "02:02:02:02:02:02");
}

TEST_F(Lab, every_packet_is_counted_under_exactly_one_reason) {
    two_servers();
    u64 sent = 0;
    for (const char* packet : {"tcp cip:1 > vip:80 S", "tcp cip:1 > vip:80 A", "tcp rip2:80 > cip:1 A",
                               "tcp cip:2 > vip:80 A", "tcp cip:1 > vip:9 S", "udp cip:1 > vip:80",
                               "icmp cip > vip 8/0", "frame 0x0806 28B", "tcp cip:1 > vip:80 S mac 02:02:02:02:02:02",
                               "tcp cip:3 > vip:80 S ttl 1", "udp cip:1 > vip:80 mf", "ip cip > vip proto 47"}) {
        in(packet);
        sent++;
    }
    u64 counted = 0;
    for (const u64 n : tables.reasons)
        counted += n;
    EXPECT_EQ(counted, sent);
}

} // namespace
} // namespace bpvs
