// The life of connections: room, rest, expiry, pressure. What packets look like is in tests/scenarios.
#include "core/pipeline/connection.hh"

#include "sim/env.hh"

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
    EXPECT_EQ(tables.tuples(), 16u);
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

TEST_F(SmallLab, drop_packet_1_drops_the_more_the_fuller_the_table_is) {
    one_server();
    tables.config.connections = 64; // 56 are 7/8; the last eighth has 8 places
    play("bpvs sysctl drop_packet=1");
    const auto dropped_of = [&](u32 live, u32 count) {
        tables.table.live = live;
        tables.table.drop_countdown = 0;
        u32 dropped = 0;
        for (u32 i = 0; i < count; i++) {
            sim::SimTables t(tables);
            dropped += drops_packet(t, tables.config) ? 1 : 0;
        }
        return dropped;
    };
    EXPECT_EQ(dropped_of(56, 64), 0u);
    EXPECT_EQ(dropped_of(57, 64), 8u) << "8 places / 1 taken: every 8th";
    EXPECT_EQ(dropped_of(58, 64), 16u);
    EXPECT_EQ(dropped_of(60, 64), 32u);
    EXPECT_EQ(dropped_of(64, 64), 64u);
    play("bpvs sysctl drop_packet=0");
    EXPECT_EQ(dropped_of(64, 64), 0u);
}

TEST_F(SmallLab, secure_tcp_1_is_in_force_while_the_table_is_nearly_full) {
    one_server();
    play("bpvs sysctl secure_tcp=1");
    for (u32 port = 1; port <= 8; port++)
        ASSERT_EQ(syn(port), "new_connection");
    in("tcp cip:8 > vip:80 A");
    play("conn tcp cip:8 vip:80 rip1:80 SYN_RECV");
    bench.wait(3);
    ASSERT_LE(tables.table.live, 7u) << "half-open ones made room";
    ASSERT_EQ(syn(20), "new_connection");
    tables.table.live = 7;
    in("tcp cip:20 > vip:80 A");
    play("conn tcp cip:20 vip:80 rip1:80 ESTABLISHED");
}

struct LargeLab : Lab {
    LargeLab() : Lab({.connections = 20'000}) {}
};

TEST_F(LargeLab, drop_entry_3_ends_one_in_32_half_open_connections_a_second_and_no_other) {
    one_server();
    play("bpvs sysctl drop_entry=3");
    for (u32 port = 1; port <= 6400; port++)
        ASSERT_EQ(syn(port), "new_connection");
    for (u32 port = 6401; port <= 6500; port++) {
        ASSERT_EQ(syn(port), "new_connection");
        in(fmt::format("tcp cip:{} > vip:80 A", port));
    }
    bench.wait(1);
    const u32 after_one = tables.table.live;
    EXPECT_NEAR(after_one, 6500 - 200, 75) << "200 of 6400, five standard deviations";
    bench.wait(9);
    EXPECT_NEAR(tables.table.live, 100 + 6400 * 0.728, 180) << "(31/32)^10";
    for (u32 port = 6401; port <= 6500; port++)
        ASSERT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded") << "established ones stay";
    play("bpvs sysctl drop_entry=1");
    const u32 without_pressure = tables.table.live;
    bench.wait(5);
    EXPECT_EQ(tables.table.live, without_pressure);
}

TEST_F(LargeLab, drop_entry_3_ends_half_open_associations_of_sctp_too) {
    play("bpvsadm -A --sctp-service vip:80 -s rr\nbpvsadm -a --sctp-service vip:80 -r rip1:80 -m\n"
         "bpvs sysctl drop_entry=3");
    for (u32 port = 1; port <= 1700; port++)
        for (const char* chunk : {"INIT", port <= 1600 ? "INIT" : "DATA"})
            in(fmt::format("sctp cip:{} > vip:80 {}", port, chunk));
    for (u32 port = 1601; port <= 1700; port++)
        in(fmt::format("sctp rip1:80 > cip:{} COOKIE_ACK", port));
    play("counters sctp vip:80 > rip1:80 active 100 inactive 1600");
    bench.wait(10);
    EXPECT_NEAR(tables.table.live, 100 + 1600 * 0.728, 90) << "(31/32)^10";
    play("counters sctp vip:80 > rip1:80 active 100");
}

TEST_F(SmallLab, half_open_and_closed_associations_of_sctp_make_room_under_pressure) {
    play("bpvsadm -A --sctp-service vip:80 -s rr\nbpvsadm -a --sctp-service vip:80 -r rip1:80 -m");
    const auto init = [&](u32 port) { return in(fmt::format("sctp cip:{} > vip:80 INIT", port)); };
    for (u32 port = 1; port <= 8; port++) {
        init(port);
        in(fmt::format("sctp rip1:80 > cip:{} {}", port, port <= 4 ? "COOKIE_ACK" : port <= 6 ? "ERROR" : "DATA"));
        if (port > 6)
            init(port);
    }
    play("conn sctp cip:5 vip:80 rip1:80 CLOSED\nconn sctp cip:7 vip:80 rip1:80 INIT");
    EXPECT_EQ(init(9), "table_full");
    bench.wait(3);
    EXPECT_LE(tables.table.live, 7u);
    EXPECT_EQ(init(9), "new_connection");
    play("counters sctp vip:80 > rip1:80 active 4");
}

TEST_F(Lab, expire_nodest_conn_ends_connections_of_a_removed_server_within_a_second_and_no_other) {
    two_servers();
    for (u32 port = 1; port <= 10; port++)
        syn(port);
    play("bpvsadm -d -t vip:80 -r rip1:80");
    bench.wait(3);
    EXPECT_EQ(tables.table.live, 10u);
    play("bpvs sysctl expire_nodest_conn=1");
    bench.wait(1.3);
    EXPECT_EQ(tables.table.live, 5u);
    play("bpvsadm -a -t vip:80 -r rip1:80 -m\ncounters tcp vip:80 > rip1:80 active 0 inactive 0\n"
         "counters tcp vip:80 > rip2:80 active 5");
}

TEST_F(SmallLab, a_slot_rests_before_it_is_used_again) {
    one_server();
    play("bpvsadm --set 1 1 1\nbpvs sysctl bpvs.hold_expired=0");
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
    play("bpvsadm --set 1 1 1\nbpvs sysctl bpvs.hold_expired=0");
    for (int round = 0; round < 20; round++) {
        for (u32 port = 1; port <= 8; port++) {
            ASSERT_EQ(syn(port), "new_connection");
            ASSERT_EQ(in(fmt::format("tcp cip:{} > vip:80 A", port)), "request_forwarded");
        }
        bench.wait(3);
        ASSERT_EQ(tables.tuples(), 0u);
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
    EXPECT_EQ(in("tcp rip1:80 > cip:1 A"), "reply_expired") << "expired on lookup";
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
    const std::size_t flows = tables.tuples();
    for (int i = 0; i < 100; i++)
        ASSERT_EQ(in("tcp cip:1 > vip:81 S"), "collision");
    EXPECT_EQ(tables.tuples(), flows);
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
    flow.saddr = scenario::parse_address("cip").addr;
    flow.daddr = scenario::parse_address("vip").addr;
    flow.sport = to_be16(1);
    flow.dport = to_be16(80);
    flow.protocol = IpProto::tcp;
    flow.family = Family::v4;
    sim::SimTables t(tables);
    u32 other = no_id;
    for (u32 i = 0; i < tables.dests.size(); i++)
        if (tables.dests[i].addr == scenario::parse_address("rip1").addr)
            other = i;
    ASSERT_NE(other, no_id);
    u32 opened = no_id;
    EXPECT_EQ(create_connection(t, tables.config, p.flow, other, tables.dests[other], {}, *t.workspace(), opened),
              Created::lost_race);
    EXPECT_EQ(tables.tuples(), 2u);
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
    EXPECT_TRUE(end_connection(t, 0, c));
    EXPECT_FALSE(end_connection(t, 0, c));
    EXPECT_EQ(tables.table.live, 0u);
    EXPECT_EQ(tables.dests[c.dest_id].active + tables.dests[c.dest_id].inactive, 0u);
}

struct WayOut : Lab {
    void SetUp() override {
        one_server();
        syn(1);
        bench.world().routes().set_neighbour(11, scenario::parse_address("rip1"), sim::Mac{2, 2, 2, 2, 2, 2});
    }
    /// Whom a packet leaves for.
    std::string dmac() {
        const scenario::Topology topology;
        const scenario::Answer a = bench.arrive(topology.links[0], scenario::arriving("tcp cip:1 > vip:80 A"), 0);
        return scenario::mac_text(a.frame.data());
    }
};

TEST_F(WayOut, is_kept_for_a_second) {
    EXPECT_EQ(dmac(), "02:00:00:10:01:01");
    tables.jiffies += tables.config.hz - 1;
    EXPECT_EQ(dmac(), "02:00:00:10:01:01");
    tables.jiffies += 1;
    EXPECT_EQ(dmac(), "02:02:02:02:02:02");
}

TEST_F(WayOut, is_asked_anew_when_all_services_were_changed) {
    EXPECT_EQ(dmac(), "02:00:00:10:01:01");
    play("bpvsadm -A -t vip:81 -s rr\n");
    EXPECT_EQ(dmac(), "02:00:00:10:01:01") << "one service is no reason";
    tables.config.in_force.generation++;
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
