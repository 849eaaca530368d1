// Translation against packets computed from scratch: every byte, every checksum.
#include "core/net/rewrite.hh"

#include "core/net/icmp.hh"
#include "sim/env.hh"
#include "tests/scenarios/lib/generators.hh"
#include "tests/scenarios/lib/oracle.hh"

#include <gtest/gtest.h>

namespace bpvs::net {
namespace {

using scenario::any_host;
using scenario::any_packet;
using scenario::arriving;
using sim::Frame;

struct Given {
    explicit Given(Frame f) : frame(std::move(f)), env(tables, routes, frame, sim::Mac{}) {
        EXPECT_EQ(parse_ip(env, env.family(), eth::size, packet), Reason::count);
        if (!is_icmp(packet.flow)) {
            EXPECT_EQ(parse_transport(env, packet), Reason::count);
        }
    }
    sim::Tables tables{{.connections = 1, .max_dests = 1, .max_services = 1, .max_words = 1}};
    sim::Routes routes;
    Frame frame;
    sim::SimEnv env;
    Flow flow{};
    Packet packet{flow};
};

template <Side side>
void translation_equals_building_anew(bool decrement_ttl) {
    const Family family = scenario::any_family();
    const auto address = [&] { return any_host(family); };
    scenario::Packet p = any_packet(address(), *rc::gen::arbitrary<u16>(), address(), *rc::gen::arbitrary<u16>());
    if (family == Family::v6)
        p.extensions = *rc::gen::container<std::vector<u8>>(rc::gen::element<u8>(0, 43, 51, 60));
    RC_PRE(p.extensions.size() <= ipv6::max_extensions);
    p.sum_error = *rc::gen::element<u16>(0, 0, 1, 0x7fff);
    if (p.kind == scenario::Packet::Kind::udp && *rc::gen::inRange(0, 4) == 0)
        p.sum = 0; // none
    if (p.kind == scenario::Packet::Kind::sctp && *rc::gen::inRange(0, 4) == 0)
        p.sum = 0; // left to the device
    Given given(arriving(p));
    const Frame before = given.frame;
    const scenario::Host addr = address();
    const u16 port = *rc::gen::arbitrary<u16>();
    const u32 change = difference(side == Side::source ? p.saddr.addr : p.daddr.addr, addr.addr);
    RC_ASSERT(rewrite<side>(given.env, eth::size, given.packet, addr.addr, to_be16(port), change, decrement_ttl));

    (side == Side::source ? p.saddr : p.daddr) = addr;
    (side == Side::source ? p.sport : p.dport) = port;
    p.ttl = static_cast<u8>(p.ttl - decrement_ttl);
    const Frame expected = scenario::under_macs_of(before, p);
    if (given.frame != expected)
        RC_FAIL(scenario::describe(expected) + "\n" + scenario::describe(given.frame) + "\n" +
                scenario::difference(expected, given.frame));
    if (p.sum_error == 0 && !p.sum && p.extensions.empty())
        RC_ASSERT(scenario::tins_agrees(given.frame));
}

TEST(Rewrite, of_the_destination_changes_what_it_says_and_keeps_the_rest) {
    EXPECT_TRUE(rc::check([] { translation_equals_building_anew<Side::destination>(true); }));
}
TEST(Rewrite, of_the_source_changes_what_it_says_and_keeps_the_rest) {
    EXPECT_TRUE(rc::check([] { translation_equals_building_anew<Side::source>(false); }));
}

TEST(Rewrite, udp_checksum_that_becomes_zero_is_sent_as_all_ones) {
    // Find the port whose checksum would be zero: a zero would say that there is none.
    const u16 check = load<u16>(arriving("udp cip:40000 > vip:1 payload 8B").data() + 40);
    const u16 port = static_cast<u16>(1 + from_be16(Be16{check}));
    Given given(arriving("udp cip:40000 > vip:1 payload 8B"));
    ASSERT_TRUE(rewrite<Side::destination>(given.env, eth::size, given.packet, given.packet.flow.daddr, to_be16(port),
                                           0, false));
    EXPECT_EQ(load<u16>(given.frame.data() + 40), 0xffff);
}

TEST(Rewrite, refuses_a_packet_without_its_transport_checksum) {
    Given given(arriving("tcp cip:40000 > vip:80 S"));
    given.frame.resize(eth::size + 20 + 17);
    EXPECT_FALSE(rewrite<Side::destination>(given.env, eth::size, given.packet, Address{}, Be16{1}, 0, true));
}

template <Side side>
void icmp_translation_equals_building_anew() {
    const Family family = scenario::any_family();
    const auto address = [&] { return any_host(family); };
    auto inner = std::make_shared<scenario::Packet>(
        any_packet(address(), *rc::gen::arbitrary<u16>(), address(), *rc::gen::arbitrary<u16>()));
    inner->sum = *rc::gen::arbitrary<u16>(); // stays what it is
    inner->ip_sum_error = 0;
    scenario::Packet p;
    p.kind = scenario::Packet::Kind::icmp;
    p.protocol = family == Family::v6 ? 58 : 1;
    p.saddr = address();
    p.daddr = address();
    p.icmp_type = *rc::gen::element<u8>(3, 4, 11);
    p.icmp_code = *rc::gen::inRange<u8>(0, 16);
    p.icmp_rest = *rc::gen::arbitrary<u16>();
    p.about = inner;
    p.cut = *rc::gen::inRange<std::size_t>(8, 600);
    Given given(arriving(p));
    const Frame before = given.frame;
    Flow quoted{};
    Packet embedded{quoted};
    parse_ip(given.env, family, given.packet.l4 + icmp::size, embedded);
    const scenario::Host addr = address();
    const u16 port = *rc::gen::arbitrary<u16>();
    RC_ASSERT(rewrite_icmp<side>(given.env, eth::size, given.packet, embedded, addr.addr, to_be16(port), true));

    (side == Side::source ? p.saddr : p.daddr) = addr;
    (side == Side::source ? inner->daddr : inner->saddr) = addr;
    (side == Side::source ? inner->dport : inner->sport) = port;
    p.ttl--;
    const Frame expected = scenario::under_macs_of(before, p);
    if (given.frame != expected)
        RC_FAIL(scenario::describe(expected) + "\n" + scenario::describe(given.frame) + "\n" +
                scenario::difference(expected, given.frame));
}

TEST(RewriteIcmp, from_the_server_translates_source_and_embedded_destination) {
    EXPECT_TRUE(rc::check(icmp_translation_equals_building_anew<Side::source>));
}
TEST(RewriteIcmp, from_the_client_translates_destination_and_embedded_source) {
    EXPECT_TRUE(rc::check(icmp_translation_equals_building_anew<Side::destination>));
}

} // namespace
} // namespace bpvs::net
