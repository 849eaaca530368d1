#include "sim/memory_store.hh"

#include <gtest/gtest.h>

namespace bpvs::sim {
namespace {

ServiceKey key(u16 port) { return ServiceKey{.vport = to_be16(port), .protocol = IpProto::tcp, .family = Family::v4}; }

TEST(HashMap, insert_refuses_a_present_key_and_keeps_its_value) {
    HashMap<Flow, FlowTarget> map(4);
    const Flow flow{.sport = to_be16(1)};
    EXPECT_EQ(map.insert(flow, {.conn = 1}), Update::ok);
    EXPECT_EQ(map.insert(flow, {.conn = 2}), Update::exists);
    EXPECT_EQ(map.lookup(flow)->conn, 1u);
}

TEST(HashMap, update_replaces_also_when_full) {
    HashMap<Flow, FlowTarget> map(1);
    const Flow flow{.sport = to_be16(1)};
    EXPECT_EQ(map.update(flow, {.conn = 1}), Update::ok);
    EXPECT_EQ(map.update(flow, {.conn = 2}), Update::ok);
    EXPECT_EQ(map.lookup(flow)->conn, 2u);
    EXPECT_EQ(map.update({.sport = to_be16(2)}, {}), Update::full);
    EXPECT_TRUE(map.erase(flow));
    EXPECT_FALSE(map.erase(flow));
    EXPECT_EQ(map.lookup(flow), nullptr);
}

TEST(HashMap, values_stay_where_they_are_while_others_come_and_go) {
    HashMap<Flow, FlowTarget> map(1000);
    map.insert({}, {.conn = 7});
    const FlowTarget* before = map.lookup({});
    for (u32 i = 1; i < 1000; ++i)
        ASSERT_EQ(map.insert({.saddr = address_v4(to_be32(i))}, {}), Update::ok);
    EXPECT_EQ(map.lookup({}), before);
}

TEST(Queue, is_first_in_first_out_and_bounded) {
    Queue<u32> queue(2);
    EXPECT_TRUE(queue.push(1));
    EXPECT_TRUE(queue.push(2));
    EXPECT_FALSE(queue.push(3));
    EXPECT_EQ(queue.pop(), 1u);
    EXPECT_EQ(queue.pop(), 2u);
    EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(MemoryStore, put_service_says_which_table_is_full) {
    Tables tables({.max_services = 1});
    MemoryStore store(tables);
    ASSERT_TRUE(store.put_service(key(80), {}));
    ASSERT_TRUE(store.put_service(key(80), {.id = 3}));
    EXPECT_EQ(store.services()->front().second.id, 3u);
    const auto full = store.put_service(key(81), {});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::no_room);
    EXPECT_NE(full.error().message.find("services is full (1 "), std::string::npos);
}

TEST(MemoryStore, refuses_counters_out_of_range) {
    Tables tables({.max_dests = 2, .max_services = 1});
    MemoryStore store(tables);
    EXPECT_EQ(store.counters(0, 3)->size(), 3u);
    EXPECT_FALSE(store.counters(1, 3));
}

TEST(Tables, start_with_the_default_timeouts_of_ipvs) {
    const Tables tables;
    EXPECT_EQ(tables.config.timeouts[static_cast<u32>(State::established)], 900u);
    EXPECT_EQ(tables.config.timeouts[static_cast<u32>(State::close)], 10u);
    EXPECT_EQ(tables.config.timeouts[static_cast<u32>(State::udp)], 300u);
}

} // namespace
} // namespace bpvs::sim
