#include "sim/world.hh"

#include <gtest/gtest.h>

namespace bpvs::sim {
namespace {

constexpr Host v4(u32 a) { return {Family::v4, address_v4(to_be32(a))}; }
constexpr Host v6(u32 a, u32 d) { return {Family::v6, address_v6(a, 0, 0, d)}; }
constexpr Host net_a = v4(0x0a000000), host_a = v4(0x0a000001), other = v4(0x0b000001), via = v4(0x0a0000fe);

Route look(Routes& r, const Host& to, u32 length = 100) {
    const Address from{};
    return r.lookup({from, to.addr, {}, {}, IpProto::udp, to.family, 0, length});
}
Host hop(const Route& r) { return {static_cast<Family>(r.next_hop.family), r.next_hop.addr}; }

Routes routes() {
    Routes r;
    r.add_interface({1, {2, 0, 0, 0, 0, 1}, 1500});
    r.add_route(net_a, 8, {Destination::Kind::unicast, 1});
    r.add_route({Family::v4, {}}, 0, {Destination::Kind::unicast, 1, via});
    r.set_neighbour(1, via, Mac{2, 0, 0, 0, 0, 9});
    return r;
}

TEST(Routes, the_longest_prefix_decides) {
    Routes r = routes();
    EXPECT_EQ(look(r, host_a).status, RouteStatus::no_neighbour);
    EXPECT_EQ(hop(look(r, host_a)), host_a);
    EXPECT_EQ(look(r, other).status, RouteStatus::ok);
    EXPECT_EQ(hop(look(r, other)), via);
    r.add_route(host_a, 32, {Destination::Kind::local});
    EXPECT_EQ(look(r, host_a).status, RouteStatus::stack);
}

TEST(Routes, of_the_families_are_apart) {
    Routes r = routes();
    EXPECT_EQ(look(r, v6(0x0a000000, 1)).status, RouteStatus::stack);
    r.add_route(v6(0x20010db8, 0), 32, {Destination::Kind::unicast, 1});
    r.add_route(v6(0x20010db8, 1), 128, {Destination::Kind::local});
    EXPECT_EQ(look(r, v6(0x20010db8, 2)).status, RouteStatus::no_neighbour);
    EXPECT_EQ(hop(look(r, v6(0x20010db8, 2))), v6(0x20010db8, 2));
    EXPECT_EQ(look(r, v6(0x20010db8, 1)).status, RouteStatus::stack);
    EXPECT_EQ(look(r, host_a).status, RouteStatus::no_neighbour);
}

TEST(Routes, too_long_comes_before_an_unresolved_neighbour) {
    Routes r = routes();
    EXPECT_EQ(look(r, host_a, 1500).status, RouteStatus::no_neighbour);
    EXPECT_EQ(look(r, host_a, 1501).status, RouteStatus::too_long);
}

TEST(Routes, no_route_is_the_stacks_business) {
    Routes r;
    EXPECT_EQ(look(r, host_a).status, RouteStatus::stack);
}

TEST(World, time_passes_exactly_as_told) {
    World w;
    const u64 start = w.tables().jiffies;
    for (int i = 0; i < 1000; i++)
        w.advance(1);
    EXPECT_EQ(w.tables().jiffies, start + 1000);
    w.advance(12345);
    EXPECT_EQ(w.tables().jiffies, start + 13345);
}

TEST(World, rates_are_sampled_every_two_seconds) {
    World w;
    w.tables().config.used_dests = 1;
    w.tables().counters[0].conns = 100;
    w.advance_seconds(1.9);
    EXPECT_EQ(w.tables().rates[0].cps, 0u);
    w.advance_seconds(0.2);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 12u) << "IPVS shows 12, 9, 7, 5 after 100 connections";
    w.advance_seconds(2);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 9u);
    w.advance_seconds(2);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 7u);
    w.advance_seconds(2);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 5u);
}

TEST(World, rates_stand_still_without_run_estimation_and_then_take_in_what_came_meanwhile) {
    World w;
    w.tables().config.used_dests = 1;
    w.tables().counters[0].conns = 100;
    w.advance_seconds(2.1);
    w.tables().config.settings.run_estimation = 0;
    w.tables().counters[0].conns = 200;
    w.advance_seconds(10);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 12u);
    w.tables().config.settings.run_estimation = 1;
    w.advance_seconds(2);
    EXPECT_EQ((w.tables().rates[0].cps + 0x1ff) >> 10, 22u) << "12.5 + (50 - 12.5) / 4";
}

TEST(World, every_used_slot_is_swept_once_a_second_also_in_a_large_table) {
    World w({.connections = 100'000});
    Tables& t = w.tables();
    for (u32 i = 0; i < 50'000; i++)
        t.conns[i].status.is = {Life::limbo, State::none, 0};
    t.table.high_water = 50'000;
    w.advance_seconds(1.01);
    EXPECT_EQ(t.free_conns.size(), 50'000u);
}

} // namespace
} // namespace bpvs::sim
