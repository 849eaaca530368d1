// The table of tuples, on its own: nothing that was entered is lost, whichever tuples meet.
#include "core/pipeline/flows.hh"

#include "core/pipeline/life.hh"
#include "sim/env.hh"
#include "tests/scenarios/lib/generators.hh"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

namespace bpvs {
namespace {

struct Table : sim::SimTables {
    explicit Table(u32 connections) : Table(std::make_unique<sim::Tables>(sim::Sizes{.connections = connections})) {}
    explicit Table(std::unique_ptr<sim::Tables> t) : sim::SimTables(*t), all(std::move(t)) {}

    /// A connection in slot `index`, whose tuples are not entered yet.
    Conn& set(u32 index, const scenario::Host& client, u16 port) {
        Conn& c = all->conns[index];
        c = Conn{};
        c.client = client.addr;
        c.vip = scenario::any_host(client.family).addr;
        c.dest = scenario::any_host(client.family).addr;
        c.cport = to_be16(port);
        c.vport = c.dport = to_be16(80);
        c.protocol = IpProto::tcp;
        c.family = client.family;
        c.status = make_status(Life::live, State::established, 0);
        return c;
    }

    std::unique_ptr<sim::Tables> all;
};

/// What the table must be like: every tuple with its owner.
void check_life(u32 buckets, bool all_meet) {
    Table t(64);
    t.all->config.buckets = buckets;
    if (all_meet) { // each product is of a client's address, or of what is the same for all: 0 * anything
        std::fill(std::begin(t.all->config.flow_keys), std::end(t.all->config.flow_keys), 0);
        t.all->config.flow_keys[3] = -(static_cast<u32>(IpProto::tcp) | static_cast<u32>(Family::v4) << 8);
    }
    std::map<u32, Flow> entered; // by slot and direction
    const auto steps = *rc::gen::inRange(1, 200);
    for (int i = 0; i < steps; i++) {
        const u32 index = *rc::gen::inRange(0u, 64u);
        const u32 reply = *rc::gen::inRange(0u, 2u);
        const u32 key = index * 2 + reply;
        if (!entered.contains(index * 2) && !entered.contains(index * 2 + 1)) {
            scenario::Host client = scenario::any_host(all_meet ? Family::v4 : scenario::any_family());
            if (all_meet)
                client.addr.word[0] = Be32{};
            t.set(index, client, static_cast<u16>(index));
        }
        const Conn& c = t.all->conns[index];
        const Flow flow = tuple_of(c, reply);
        const FlowTarget target{index, reply};
        if (*rc::gen::inRange(0, 3) == 0) {
            t.erase_flow(target);
            entered.erase(key);
        } else {
            const int r = t.insert_flow(target);
            RC_ASSERT(r == (entered.contains(key) ? flow_exists : flow_inserted));
            entered[key] = flow;
        }
        RC_ASSERT(t.all->tuples() == entered.size());
        if (all_meet)
            RC_ASSERT(t.all->tuples() - t.all->more_flows.size() <= 1u); // one tag, one entry
    }
    for (const auto& [key, flow] : entered) {
        const FlowTarget found = t.find_flow(flow);
        RC_ASSERT(found.conn == key / 2);
        RC_ASSERT(found.reply == key % 2);
        if (!entered.contains(key ^ 1))
            t.erase_flow(FlowTarget{key / 2, 1 - key % 2}); // was not entered: nothing happens
        RC_ASSERT(t.find_flow(flow).conn == key / 2);
        t.erase_flow(found);
        RC_ASSERT(t.find_flow(flow).conn == no_id);
    }
    for (const FlowBucket& b : t.all->flows)
        RC_ASSERT(b.more == 0u);
}

TEST(Flows, are_found_until_they_are_erased) {
    EXPECT_TRUE(rc::check([] { check_life(33, false); }));
}
TEST(Flows, are_found_when_their_bucket_is_full) {
    EXPECT_TRUE(rc::check([] { check_life(1, false); }));
}
TEST(Flows, are_found_when_their_hashes_are_the_same) {
    EXPECT_TRUE(rc::check([] { check_life(33, true); }));
}

TEST(Flows, of_other_kinds_and_protocols_are_others) {
    Table t(8);
    EXPECT_TRUE(rc::check([&t] {
        Conn& c = t.set(1, scenario::any_host(Family::v4), 4000);
        const Flow f = tuple_of(c, 0);
        RC_ASSERT(t.insert_flow({1, 0}) == flow_inserted);
        Flow other = f;
        other.kind = 1;
        RC_ASSERT(t.find_flow(other).conn == no_id);
        RC_ASSERT(!has_tuple(c, 0, other));
        other = f;
        other.protocol = IpProto::udp;
        RC_ASSERT(t.find_flow(other).conn == no_id);
        RC_ASSERT(!has_tuple(c, 0, other));
        t.erase_flow({1, 0});
    }));
}

TEST(Flows, of_clients_that_come_one_after_the_other_spread_over_the_buckets) {
    constexpr u32 connections = 1u << 16;
    Table t(connections);
    for (u32 i = 0; i < connections; i++) {
        Conn& c = t.all->conns[i];
        c.client = address_v4(to_be32(0x0a000001 + i / 64));
        c.vip = address_v4(to_be32(0xc0000201));
        c.dest = address_v4(to_be32(0xac100001 + i % 16));
        c.cport = to_be16(static_cast<u16>(40000 + i % 64));
        c.vport = c.dport = to_be16(80);
        c.protocol = IpProto::tcp;
        c.family = Family::v4;
        ASSERT_EQ(t.insert_flow({i, 1}), flow_inserted);
        ASSERT_EQ(t.insert_flow({i, 0}), flow_inserted);
    }
    EXPECT_LT(t.all->more_flows.size(), 2 * connections / 40) << "2 % are expected, 3 % find room";
}

/// What two programs did to one bucket at once.
struct Race {
    std::array<int, 2> results{};
    std::array<u32, 2> seen{};
    FlowBucket bucket{};

    u32 entered() const { return static_cast<u32>(std::ranges::count(results, flow_inserted)); }
    u32 with_tag(u32 tag) const {
        return static_cast<u32>(std::ranges::count(bucket.entries, tag, [](u64 word) { return entry_of(word).tag; }));
    }
};

/// Two programs add `tags`, many times over, each time at once. The first one takes an entry out before: the other one
/// may look for a free one just before that, or just after.
template <class Check>
void race(const std::array<u32, 2>& tags, u32 taken, Check check) {
    std::vector<Race> races(50'000);
    for (Race& r : races)
        for (u32 i = bucket_entries - taken; i < bucket_entries; i++)
            r.bucket.entries[i] = entry_word({1000 + i, 1000 + i});
    std::array<std::atomic<std::size_t>, 2> turns{};
    const auto run = [&](u32 program) {
        for (std::size_t round = 0; round < races.size(); round++) {
            Race& r = races[round];
            turns[program] = round + 1;
            for (u32 spins = 0; turns[1 - program].load() < round + 1; spins++)
                if (spins % 1024 == 1023)
                    std::this_thread::yield();
            if (program == 0 && taken != 0)
                *static_cast<volatile u64*>(&r.bucket.entries[bucket_entries - 1]) = 0;
            r.results[program] = add_entry(r.bucket, {tags[program], program + 1}, r.seen[program]);
        }
    };
    {
        const std::jthread other([&] { run(1); });
        run(0);
    }
    std::ranges::for_each(races, check);
}

TEST(Flows, of_programs_that_add_one_tuple_at_once_one_at_most_has_it) {
    for (const u32 taken : {0u, 3u, 7u})
        race({7, 7}, taken, [](const Race& r) {
            ASSERT_LE(r.entered(), 1u);
            ASSERT_EQ(r.with_tag(7), r.entered()) << "what was withdrawn is not there";
            for (u32 program = 0; program < 2; program++)
                ASSERT_EQ(r.results[program] == flow_exists, r.seen[program] != 0) << "who gives way knows to whom";
        });
}

TEST(Flows, of_programs_that_add_others_at_once_do_not_get_lost) {
    for (const u32 taken : {0u, 3u, 7u})
        race({7, 8}, taken, [](const Race& r) {
            ASSERT_GE(r.entered(), 1u);
            for (u32 program = 0; program < 2; program++) {
                ASSERT_NE(r.results[program], flow_exists);
                ASSERT_EQ(r.with_tag(7 + program), u32{r.results[program] == flow_inserted});
            }
        });
}

TEST(Flows, take_at_most_224_bytes_a_connection_with_all_tables_counted) {
    // What the kernel adds to an element of a hash: its list, hash and sizes (48), its pointer in a bucket (16).
    constexpr u32 connections = 1u << 18;
    constexpr u64 hash_element = 48 + 16 + sizeof(Flow) + sizeof(FlowTarget);
    constexpr u64 all = u64{connections} * (sizeof(Conn) + sizeof(u32)) +
                        u64{flow_buckets(connections)} * sizeof(FlowBucket) + more_flows(connections) * hash_element;
    EXPECT_LE(all / connections, 224u);
}

} // namespace
} // namespace bpvs
