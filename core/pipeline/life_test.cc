// Ended connections: how long they are held, what takes them away, and that nothing is left behind.
#include "core/pipeline/life.hh"

#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bpvs {
namespace {

class Ended : public ::testing::Test {
protected:
    void play(const std::string& text) {
        if (const auto failure = player.play(text))
            FAIL() << scenario::to_text(*failure);
    }
    std::string in(const std::string& packet) {
        const scenario::Topology topology;
        const scenario::Packet p = scenario::parse_packet(packet);
        return bench.arrive(topology.towards(p.saddr), scenario::arriving(p), 0).reason;
    }
    /// A client's datagram, and what becomes of a server's.
    std::string query(u32 port) { return in(fmt::format("udp cip:{} > vip:53", port)); }
    std::string answer(u32 port) { return in(fmt::format("udp rip1:53 > cip:{}", port)); }
    void dns() { play("bpvsadm -A -u vip:53 -s rr\nbpvsadm -a -u vip:53 -r rip1:53 -m\nbpvsadm --set 1 1 1\n"); }
    u32 slots(Life life) {
        return static_cast<u32>(
            std::ranges::count_if(tables.conns, [&](const Conn& c) { return c.status.is.life == life; }));
    }
    void expect_counted() {
        EXPECT_EQ(tables.table.live, slots(Life::live));
        EXPECT_EQ(tables.table.held, slots(Life::held));
    }

    scenario::NativeBench bench{{.connections = 64}};
    scenario::Player player{bench};
    sim::Tables& tables = bench.tables();
};

TEST_F(Ended, connections_are_held_for_16_of_their_timeouts) {
    dns();
    for (u32 port = 1; port <= 3; ++port)
        EXPECT_EQ(query(port), "new_connection");
    bench.wait(2.5);
    EXPECT_EQ(tables.table.held, 3u);
    expect_counted();
    EXPECT_EQ(answer(1), "reply_expired");
    bench.wait(13);
    EXPECT_EQ(answer(1), "reply_expired") << "what is dropped does not end the hold";
    bench.wait(4);
    EXPECT_EQ(answer(1), "no_service");
    EXPECT_EQ(tables.table.held, 0u);
    EXPECT_EQ(tables.tuples(), 0u);
}

TEST_F(Ended, connections_leave_half_of_the_table_to_the_living) {
    dns();
    for (u32 round = 0; round < 10; ++round) {
        for (u32 port = 1; port <= 30; ++port)
            EXPECT_EQ(query(100 * round + port), "new_connection") << "never refused for the sake of the dead";
        bench.wait(2.5);
        EXPECT_LE(tables.table.live + tables.table.held, 32u);
        expect_counted();
    }
    EXPECT_GT(tables.table.held, 0u);
    bench.wait(3);
    const u32 held = tables.table.held;
    for (u32 port = 1; port <= 32; ++port)
        EXPECT_EQ(query(5000 + port), "new_connection");
    bench.wait(0.9);
    EXPECT_LT(tables.table.held, held);
}

TEST_F(Ended, longest_ago_go_first) {
    dns();
    for (u32 port = 1; port <= 16; ++port)
        query(port);
    bench.wait(8);
    for (u32 port = 101; port <= 112; ++port)
        query(port);
    bench.wait(3.5);
    u32 gone = 0;
    for (u32 port = 1; port <= 16; ++port)
        gone += answer(port) == "no_service" ? 1 : 0;
    EXPECT_GE(gone, 3u) << "those of more than a quarter of the table";
    for (u32 port = 101; port <= 112; ++port)
        EXPECT_EQ(answer(port), "reply_expired");
}

TEST_F(Ended, connection_gives_its_reply_tuple_to_a_new_one) {
    dns();
    play("bpvsadm -A -u vip2:53 -s rr\nbpvsadm -a -u vip2:53 -r rip1:53 -m\n");
    EXPECT_EQ(query(1), "new_connection");
    EXPECT_EQ(in("udp cip:1 > vip2:53"), "collision") << "of a live one it cannot have it";
    bench.wait(2.5);
    EXPECT_EQ(tables.table.held, 1u);
    EXPECT_EQ(in("udp cip:1 > vip2:53"), "new_connection");
    EXPECT_EQ(tables.table.held, 0u);
    play("in udp rip1:53 > cip:1\nout udp vip2:53 > cip:1 ttl 63\n");
    EXPECT_EQ(tables.tuples(), 2u);
    bench.wait(1);
    EXPECT_EQ(slots(Life::free), 63u);
}

TEST_F(Ended, connection_whose_port_is_used_again_keeps_only_its_servers_side) {
    play("bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:80 -m\nbpvsadm -a -t vip:80 -r rip2:80 -m\n"
         "in tcp cip:1 > vip:80 S\nout tcp cip:1 > rip2:80 S ttl 63\n"
         "in tcp cip:1 > vip:80 RA\nout tcp cip:1 > rip2:80 RA ttl 63\n");
    in("tcp rip2:80 > cip:1 RA");
    EXPECT_EQ(in("tcp cip:1 > vip:80 S"), "new_connection");
    EXPECT_EQ(tables.table.held, 1u);
    EXPECT_EQ(tables.tuples(), 3u);
    bench.wait(50);
    EXPECT_EQ(tables.tuples(), 3u);
    EXPECT_EQ(in("tcp rip2:80 > cip:1 A"), "connection_reset");
    EXPECT_EQ(in("tcp rip1:80 > cip:1 SA"), "reply_forwarded");
    EXPECT_EQ(in("tcp cip:1 > vip:80 A"), "request_forwarded");
    bench.wait(120); // with the 50 before, more than 16 times the timeout of CLOSE
    EXPECT_EQ(tables.tuples(), 2u);
    EXPECT_EQ(in("tcp rip1:80 > cip:1 A"), "reply_forwarded");
}

TEST_F(Ended, connections_are_held_only_where_that_is_wanted) {
    dns();
    play("bpvs sysctl bpvs.hold_expired=0\n");
    query(1);
    bench.wait(2.5);
    EXPECT_EQ(answer(1), "no_service");
    play("bpvs sysctl bpvs.hold_expired=1\n");
    query(2);
    bench.wait(2.5);
    EXPECT_EQ(answer(2), "reply_expired");
    play("bpvs sysctl bpvs.hold_expired=0\n");
    bench.wait(1.3);
    EXPECT_EQ(answer(2), "no_service") << "those that are held are let go";
}

/// Whatever packets, commands and time do: counts agree with slots, and in the end nothing is left.
TEST_F(Ended, connections_leave_nothing_behind_after_random_lives) {
    const u32 seed = std::random_device{}();
    std::mt19937 random(seed);
    const auto below = [&](u32 n) { return static_cast<u32>(random() % n); };
    play("bpvsadm -A -t vip:80 -s rr --idle-reset\nbpvsadm -A -t vip2:80 -s rr -p 3 --drain 1\nbpvsadm -A -u vip:53 -s "
         "rr\n"
         "bpvsadm -A -u vip2:53 -s rr -o\nbpvsadm --set 3 2 2\n");
    const std::array services{"-t vip:80", "-t vip2:80", "-u vip:53", "-u vip2:53"};
    const std::array flags{"S", "A", "PA", "FA", "R", "SA", "-"};
    for (int step = 0; step < 4000; ++step) {
        const u32 what = below(20);
        const std::string service = services.at(below(4));
        const u32 server = 1 + below(3);
        const u32 port = 1 + below(12);
        if (what == 0) {
            const char* verbs[] = {"-a {} -r rip{} -m", "-d {} -r rip{}", "-e {} -r rip{} -m -w 0",
                                   "-e {} -r rip{} -m"};
            (void)player.play("bpvsadm " + fmt::format(fmt::runtime(verbs[below(4)]), service, server) + "\n");
        } else if (what == 1) {
            bench.wait(below(30) / 10.0);
        } else if (what < 12) {
            const std::string to = service.substr(3);
            in(service[1] == 't' ? fmt::format("tcp cip:{} > {} {}", port, to, flags.at(below(7)))
                                 : fmt::format("udp cip:{} > {}", port, to));
        } else if (service[1] == 't') {
            in(fmt::format("tcp rip{}:80 > cip:{} {}", server, port, flags.at(below(7))));
        } else {
            in(fmt::format("udp rip{}:53 > cip:{}", server, port));
        }
        expect_counted();
        ASSERT_FALSE(HasFailure()) << "seed " << seed << ", step " << step;
    }
    bench.wait(2100); // 16 times the longest timeout, 120 s
    EXPECT_EQ(slots(Life::live) + slots(Life::held) + slots(Life::limbo), 0u) << "seed " << seed;
    EXPECT_EQ(tables.tuples(), 0u) << "seed " << seed;
    for (const Dest& d : tables.dests)
        EXPECT_EQ(d.active + d.inactive + d.persistent, 0u) << "seed " << seed;
}

} // namespace
} // namespace bpvs
