// Where a director sits, by the facts about an interface and its device.
#include "control/kernel/mode.hh"

#include <gtest/gtest.h>

namespace bpvs::kernel {
namespace {

constexpr u64 all_features = xdp_basic | xdp_redirect | xdp_takes_redirected | xdp_in_parts | xdp_takes_parts;

Interface eth() {
    Interface i{};
    i.name = "eth0";
    i.ifindex = 2;
    i.up = i.ethernet = true;
    i.mac = {2, 0, 0, 0, 0, 1};
    i.mtu = 1500;
    return i;
}

Device nic(u64 features = all_features) {
    return {.driver = "mlx5_core", .hardware = true, .queues = 8, .gro = true, .xdp = features};
}

Device veth(u64 features = all_features) { return {.driver = "veth", .queues = 1, .xdp = features}; }

TEST(Mode, is_xdp_where_hardware_has_it_and_tc_elsewhere) {
    EXPECT_TRUE(choose_mode(eth(), nic()).xdp);
    for (const Device& d : {nic(0), nic(xdp_basic), veth(), Device{.driver = "bridge", .xdp = 0}, Device{}}) {
        const Choice choice = choose_mode(eth(), d);
        EXPECT_FALSE(choice.xdp) << d.driver;
        EXPECT_NE(choice.why, "");
    }
}

TEST(Mode, needs_no_word_of_the_kernel_for_known_drivers) {
    Device old = nic();
    old.xdp.reset();
    EXPECT_TRUE(choose_mode(eth(), old).xdp);
    EXPECT_EQ(port_of(eth(), old, true).flags, port_known | port_sends | port_returns);
    EXPECT_EQ(port_of(eth(), old, false).flags, port_known);
    old.driver = "unheard-of";
    EXPECT_FALSE(choose_mode(eth(), old).xdp);
    EXPECT_NE(why_not_xdp(eth(), old), "");
    EXPECT_EQ(port_of(eth(), old, true).flags & port_sends, 0);
}

TEST(Mode, is_tc_where_xdp_would_misread_frames) {
    Interface vlans = eth();
    vlans.has_vlans = true;
    Device strips = nic();
    strips.strips_vlans = true;
    EXPECT_NE(why_not_xdp(vlans, strips), "");
    EXPECT_EQ(why_not_xdp(vlans, nic()), "");
    EXPECT_EQ(why_not_xdp(eth(), strips), "");
    Device joins = nic();
    joins.lro = true;
    EXPECT_NE(why_not_xdp(eth(), joins), "");
}

TEST(Mode, is_tc_where_frames_take_more_buffers_than_the_driver_hands_over) {
    Interface jumbo = eth();
    jumbo.mtu = 9000;
    EXPECT_EQ(why_not_xdp(jumbo, nic()), "");
    EXPECT_NE(why_not_xdp(jumbo, nic(all_features & ~u64{xdp_in_parts})), "");
}

TEST(Mode, sends_only_where_nothing_is_lost) {
    EXPECT_EQ(port_of(eth(), nic(), false).flags, port_known | port_sends | port_sends_parts);
    EXPECT_EQ(port_of(eth(), nic(), true).flags, port_known | port_sends | port_sends_parts | port_returns);
    EXPECT_EQ(port_of(eth(), nic(xdp_basic | xdp_redirect), true).flags, port_known | port_returns);
    EXPECT_EQ(port_of(eth(), veth(xdp_basic | xdp_redirect), true).flags, port_known) << "its peer has no NAPI";
    EXPECT_EQ(port_of(eth(), Device{.driver = "bridge", .xdp = 0}, false).flags, port_known);
    Device veth_before_6_3 = veth();
    veth_before_6_3.xdp.reset();
    EXPECT_EQ(port_of(eth(), veth_before_6_3, true).flags, port_known);
    Interface down = eth();
    down.up = false;
    EXPECT_EQ(port_of(down, nic(), false).flags & port_sends, 0);
}

TEST(Mode, port_has_the_interfaces_address) {
    const XdpPort port = port_of(eth(), nic(), true);
    EXPECT_TRUE(std::equal(std::begin(port.mac), std::end(port.mac), eth().mac.begin()));
}

} // namespace
} // namespace bpvs::kernel
