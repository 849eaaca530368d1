// When the connections of a server are over: what commands write for packets to go by.
#include "control/test_lab.hh"
#include "control/test_store.hh"

#include <array>

namespace bpvs {
namespace {

constexpr u32 seconds(u32 n) { return n + drain_reset; }

class Draining : public ::testing::Test {
protected:
    void SetUp() override {
        OK(director.add_service(service(tcp())));
        for (u32 n = 1; n <= 2; ++n)
            OK(director.add_server(tcp(), server(n)));
    }
    void wish(u32 drain) {
        ServiceSpec spec = service(tcp());
        spec.drain = drain;
        OK(director.edit_service(spec));
    }
    void weight(u32 n, u32 w) { OK(director.edit_server(tcp(), server(n, w))); }
    void remove(u32 n) { OK(director.delete_server(tcp(), Family::v4, rip(n), to_be16(80))); }
    void pass(u32 time) { tables.jiffies += u64{time} * tables.config.hz; }
    Dest& record(u32 n) {
        return *std::ranges::find_if(tables.dests, [&](const Dest& d) { return d.addr == rip(n); });
    }
    /// Seconds from now, perhaps below zero; 9999: they go on.
    s64 left(u32 n) {
        const u64 end = record(n).drained;
        return end == 0 ? 9999 : static_cast<s64>(end - tables.jiffies) / static_cast<s64>(tables.config.hz);
    }

    sim::Tables tables;
    sim::MemoryStore store{tables};
    Director director{store};
};

TEST_F(Draining, without_a_wish_begins_with_removal) {
    weight(1, 0);
    EXPECT_EQ(left(1), 9999);
    remove(1);
    remove(2);
    pass(5);
    EXPECT_EQ(left(1), -5);
    EXPECT_EQ(left(2), -5);
    OK(director.add_server(tcp(), server(1)));
    EXPECT_EQ(left(1), 9999) << "added again";
}

TEST_F(Draining, by_finish_never_ends) {
    wish(drain_finish);
    weight(1, 0);
    remove(1);
    EXPECT_EQ(left(1), 9999);
    OK(director.flush());
    EXPECT_EQ(left(2), 9999);
}

TEST_F(Draining, counts_from_the_moment_that_the_server_left) {
    wish(seconds(30));
    EXPECT_EQ(left(1), 9999);
    weight(1, 0);
    pass(10);
    weight(1, 0);
    EXPECT_EQ(left(1), 20) << "the same again is no beginning";
    remove(1);
    remove(2);
    EXPECT_EQ(left(1), 20) << "removal gives no more time";
    EXPECT_EQ(left(2), 30);
    OK(director.add_server(tcp(), server(2, 0)));
    EXPECT_EQ(left(2), 30);
    weight(2, 1);
    EXPECT_EQ(left(2), 9999);
}

TEST_F(Draining, follows_another_wish_of_the_service) {
    wish(drain_finish);
    weight(1, 0);
    remove(2);
    wish(seconds(0));
    EXPECT_EQ(left(1), 0);
    EXPECT_EQ(left(2), 0);
    wish(seconds(60));
    EXPECT_EQ(left(1), 60);
    EXPECT_EQ(left(2), 60) << "removed, but still its service's";
    wish(drain_unset);
    EXPECT_EQ(left(1), 9999);
    EXPECT_EQ(left(2), 0);
}

TEST_F(Draining, of_a_service_that_is_deleted_is_as_it_wished) {
    wish(seconds(7));
    OK(director.delete_service(tcp()));
    EXPECT_EQ(left(1), 7);
    EXPECT_EQ(record(1).drain, seconds(7));
}

/// Killed at any point: whether its connections are over goes with whether it was removed.
TEST_F(Draining, goes_with_the_removal_also_when_the_command_is_killed) {
    wish(seconds(30));
    const sim::Tables before = tables;
    for (int point = 0;; ++point) {
        tables = before;
        DeadlyStore deadly(store, point);
        bool finished = true;
        try {
            Director killed(deadly);
            OK(killed.delete_server(tcp(), Family::v4, rip(1), to_be16(80)));
        } catch (const Killed&) {
            finished = false;
        }
        Director next(store);
        OK(next.recover());
        EXPECT_EQ(left(1), record(1).service == no_id ? 30 : 9999) << "killed at point " << point;
        if (finished || HasFailure())
            break;
    }
}

} // namespace
} // namespace bpvs
