// What scenarios cannot reach: network masks, and templates that two CPUs use at once.
#include "control/test_lab.hh"
#include "core/pipeline/age.hh"
#include "sim/env.hh"

namespace bpvs {
namespace {

Address v6(u32 a, u32 b, u32 c, u32 d) { return {{to_be32(a), to_be32(b), to_be32(c), to_be32(d)}}; }

TEST(NetworkOf, keeps_the_bits_of_the_mask_or_prefix) {
    const Address client = address(192, 168, 1, 77);
    EXPECT_EQ(network_of(client, Family::v4, 0xffffffff), client);
    EXPECT_EQ(network_of(client, Family::v4, static_cast<u32>(to_be32(0xffffff00))), address(192, 168, 1, 0));
    EXPECT_EQ(network_of(client, Family::v4, 0), Address{});
    const Address six = v6(0x20010db8, 0xffffffff, 0xffffffff, 0xffffffff);
    EXPECT_EQ(network_of(six, Family::v6, 128), six);
    EXPECT_EQ(network_of(six, Family::v6, 64), v6(0x20010db8, 0xffffffff, 0, 0));
    EXPECT_EQ(network_of(six, Family::v6, 49), v6(0x20010db8, 0xffff8000, 0, 0));
    EXPECT_EQ(network_of(six, Family::v6, 1), Address{});
    EXPECT_EQ(network_of(six, Family::v6, 127), v6(0x20010db8, 0xffffffff, 0xffffffff, 0xfffffffe));
}

/// A persistent service with two servers, and one client of it.
class Templates : public testing::Test {
protected:
    void SetUp() override {
        ServiceSpec spec = service(tcp(), "rr");
        spec.persistence = 30;
        spec.netmask = 0xffffffff;
        OK(lab.director.add_service(spec));
        OK(lab.director.add_server(tcp(), server(1)));
        OK(lab.director.add_server(tcp(), server(2)));
    }
    /// As a client's first packet does.
    u32 hold() {
        u32 index = tables.hold_template(lab.element(), packet);
        if (index == no_id) {
            make_template(tables, lab.element(), packet, tables.choose(lab.element(), packet));
            index = tables.hold_template(lab.element(), packet);
        }
        return index;
    }
    Conn& slot(u32 index) { return lab.tables.conns[index]; }
    Dest& dest_of(u32 index) { return lab.tables.dests[slot(index).dest_id]; }
    void wait(u32 seconds) { lab.tables.jiffies += u64{seconds} * lab.tables.config.hz; }
    void sweep() {
        for (u32 i = 0; i < lab.tables.table.high_water; ++i)
            sweep_slot(tables, lab.tables.config, i, SweepOrders{});
    }

    Lab lab;
    sim::SimTables tables{lab.tables};
    Flow packet{.saddr = address(192, 168, 1, 1),
                .daddr = vip,
                .sport = to_be16(4000),
                .dport = to_be16(80),
                .protocol = IpProto::tcp,
                .family = Family::v4};
};

TEST_F(Templates, are_found_again_and_held_by_each_connection) {
    const u32 index = hold();
    ASSERT_NE(index, no_id);
    EXPECT_EQ(hold(), index);
    EXPECT_EQ(slot(index).controlled, 2u);
    EXPECT_EQ(dest_of(index).persistent, 1u);
    EXPECT_EQ(lab.tables.table.live, 1u);
}

TEST_F(Templates, do_not_end_while_they_are_held) {
    const u32 index = hold();
    wait(31);
    end_template(tables, index, slot(index)); // as a sweep that looked before it was held
    EXPECT_EQ(read_status(slot(index)).is.life, Life::live);
    sweep();
    EXPECT_EQ(read_status(slot(index)).is.life, Life::live) << "it goes on for a minute";
    slot(index).controlled = 0;
    wait(59);
    sweep();
    EXPECT_EQ(read_status(slot(index)).is.life, Life::live);
    wait(1);
    sweep();
    EXPECT_EQ(read_status(slot(index)).is.life, Life::limbo);
    EXPECT_EQ(dest_of(index).persistent, 0u);
    EXPECT_EQ(lab.tables.tuples(), 0u);
    EXPECT_EQ(lab.tables.table.live, 0u);
}

TEST_F(Templates, that_are_over_make_room_for_new_ones) {
    const u32 first = hold();
    const u32 chosen = slot(first).dest_id;
    slot(first).controlled = 0;
    wait(31);
    const u32 second = hold();
    ASSERT_NE(second, no_id);
    EXPECT_NE(slot(second).dest_id, chosen) << "chosen anew";
    EXPECT_EQ(read_status(slot(first)).is.life, Life::limbo);
    EXPECT_EQ(lab.tables.tuples(), 1u);
}

TEST_F(Templates, give_way_once_whoever_asks) {
    const u32 first = hold();
    OK(lab.director.delete_server(tcp(), Family::v4, slot(first).dest, to_be16(80)));
    const u32 second = hold();
    ASSERT_NE(second, no_id);
    ASSERT_NE(second, first);
    give_way(tables, first, slot(first)); // another CPU that saw the first one, too
    EXPECT_EQ(hold(), second) << "the second one is still found";
    EXPECT_EQ(slot(first).vport, given_way_port);
    EXPECT_EQ(read_status(slot(first)).is.life, Life::live) << "its connection still has it";
}

TEST_F(Templates, of_a_full_table_are_not_made) {
    lab.tables.table.high_water = lab.tables.config.connections;
    EXPECT_EQ(hold(), no_id);
    EXPECT_EQ(lab.tables.tuples(), 0u);
}

TEST_F(Templates, keep_clients_on_a_quiesced_server_unless_told_otherwise) {
    const u32 first = hold();
    dest_of(first).flags = dest_quiesced;
    EXPECT_EQ(hold(), first);
    lab.tables.config.settings.expire_quiescent_template = 1;
    EXPECT_NE(hold(), first);
}

} // namespace
} // namespace bpvs
