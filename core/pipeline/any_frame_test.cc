// Whatever arrives: nothing crashes, what passes is untouched, what leaves is sound.
#include "tests/scenarios/lib/generators.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/oracle.hh"
#include "tests/scenarios/lib/player.hh"

#include <gtest/gtest.h>

namespace bpvs {
namespace {

using scenario::Frame;

std::string setup() {
    const std::string v4 =
        "bpvsadm -A -t vip:80 -s rr\nbpvsadm -a -t vip:80 -r rip1:8080 -m\nbpvsadm -a -t vip:80 -r rip2:80 -m\n"
        "bpvsadm -A -u vip:80 -s wrr\nbpvsadm -a -u vip:80 -r rip1:80 -m -w 2\nbpvsadm -a -u vip:80 -r dip:80 -m\n"
        "bpvsadm -A --sctp-service vip:80 -s rr\nbpvsadm -a --sctp-service vip:80 -r rip1:8080 -m\n"
        "bpvsadm -a --sctp-service vip:80 -r dip:80 -m\n"
        "in sctp cip:1 > vip:80 INIT\nto stack sctp cip:1 > dip:80 INIT\n"
        "in sctp cip:2 > vip:80 INIT\nout sctp cip:2 > rip1:8080 INIT ttl 63\n"
        "in tcp cip:1 > vip:80 S\nout tcp cip:1 > rip2:80 S ttl 63\n"
        "in tcp cip:2 > vip:80 S\nout tcp cip:2 > rip1:8080 S ttl 63\n"
        "in udp cip:1 > vip:80\nto stack udp cip:1 > dip:80\n"
        "in udp cip:2 > vip:80\nout udp cip:2 > rip1:80 ttl 63\n"
        "bpvsadm -A -u vip2:53 -s rr\nbpvsadm -A -t vip2:53 -s rr\nbpvs sysctl nat_icmp_send=1 schedule_icmp=1\n";
    std::string v6;
    for (std::size_t i = 0; i < v4.size(); i++) // the same with the roles' IPv6 twins
        v6 += (v4[i] == 'v' || v4[i] == 'r' || v4[i] == 'c' || v4[i] == 'd') && v4.substr(i + 1, 2) == "ip"
                  ? "6" + v4.substr(i, 1)
                  : v4.substr(i, 1);
    return v4 + v6;
}

struct Director {
    Director() : player(bench) {
        if (const auto failure = player.play(setup()))
            ADD_FAILURE() << scenario::to_text(*failure);
    }
    /// An address and a port that mean something here, more often than not.
    static scenario::Host address(Family family) {
        return named(family,
                     *rc::gen::element<std::string>("cip", "cip2", "vip", "vip2", "dip", "rip1", "rip2", "far"));
    }
    static scenario::Host named(Family family, const std::string& role) {
        return scenario::parse_address((family == Family::v6 ? "6" : "") + role);
    }
    static u16 port() { return *rc::gen::element<u16>(1, 2, 3, 80, 8080, 53); }

    /// On the interface that it is addressed to, or just on one.
    sim::Outcome arrive(const Frame& f) { return bench.world().ingress(f.size() > 5 && f[5] ? 11 : 10, f); }

    scenario::NativeBench bench;
    scenario::Player player;
};

void must_be_untouched_if_it_passes(Director& d, const Frame& frame) {
    const sim::Outcome in = d.arrive(frame);
    if (action_of(in.verdict.reason) == Action::answer) {
        const std::string told = scenario::describe(in.frame);
        RC_ASSERT(told.substr(0, told.find("about")).find("WRONG") == std::string::npos);
    } else {
        RC_ASSERT(in.frame.size() == frame.size());
    }
    if (action_of(in.verdict.reason) == Action::pass)
        RC_ASSERT(in.frame == frame);
    RC_ASSERT(in.verdict.reason != Reason::internal_error);
    const sim::Outcome out = d.bench.world().egress(frame);
    if (action_of(out.verdict.reason) == Action::pass)
        RC_ASSERT(out.frame == frame);
}

scenario::Packet any_packet_here() {
    const Family family = scenario::any_family();
    scenario::Host saddr = Director::address(family), daddr = Director::address(family);
    u16 sport = Director::port(), dport = Director::port();
    const int likely = *rc::gen::inRange(0, 6);
    if (likely == 5) { // what nobody serves
        saddr = Director::named(family, *rc::gen::element<std::string>("cip", "cip2", "far"));
        daddr = Director::named(family, "vip2");
        dport = 53;
    } else if (likely == 4) { // what a service says, of no connection
        saddr = Director::named(family, "vip");
        daddr = Director::named(family, "cip2");
        sport = 80;
    } else if (likely > 1) { // a request
        saddr = Director::named(family, *rc::gen::element<std::string>("cip", "cip2", "far"));
        daddr = Director::named(family, "vip");
        dport = 80;
    } else if (likely == 1) { // a reply
        saddr = Director::named(family, *rc::gen::element<std::string>("rip1", "rip2"));
        daddr = Director::named(family, *rc::gen::element<std::string>("cip", "cip2", "far"));
    }
    scenario::Packet p = scenario::any_packet(saddr, sport, daddr, dport);
    p.flags = *rc::gen::element<u8>(2, 2, 16, 17, 18, 4, p.flags);
    p.ttl = *rc::gen::element<u8>(0, 1, 2, 64, 255);
    if (*rc::gen::inRange(0, 8) == 0)
        p.to = scenario::Topology().links[*rc::gen::inRange<std::size_t>(0, 2)].mac;
    return p;
}

/// A random packet, or an ICMP message about one.
Frame any_frame() {
    scenario::Packet p = any_packet_here();
    if (*rc::gen::inRange(0, 3) == 0) {
        const auto inner = std::make_shared<scenario::Packet>(p);
        p = {};
        p.kind = scenario::Packet::Kind::icmp;
        const Family family = inner->saddr.family;
        p.protocol = family == Family::v6 ? 58 : 1;
        p.saddr = Director::address(family);
        p.daddr = Director::address(family);
        p.icmp_type = *rc::gen::element<u8>(0, 1, 2, 3, 4, 5, 8, 11, 12, 128, 135);
        p.about = inner;
        p.cut = *rc::gen::inRange<std::size_t>(0, 40);
        p.to = inner->to;
    }
    return scenario::arriving(p);
}

TEST(AnyFrame, of_random_bytes_does_no_harm) {
    Director d;
    EXPECT_TRUE(rc::check([&](const std::vector<u8>& bytes) { must_be_untouched_if_it_passes(d, bytes); }));
}

TEST(AnyFrame, of_damaged_packets_does_no_harm) {
    Director d;
    EXPECT_TRUE(rc::check([&] {
        Frame f = any_frame();
        const int damages = *rc::gen::inRange(1, 4);
        for (int i = 0; i < damages; i++)
            f[*rc::gen::inRange<std::size_t>(12, std::min<std::size_t>(f.size(), 80))] = *rc::gen::arbitrary<u8>();
        f.resize(*rc::gen::weightedOneOf<std::size_t>(
            {{3, rc::gen::just(f.size())}, {1, rc::gen::inRange<std::size_t>(0, f.size())}}));
        must_be_untouched_if_it_passes(d, f);
    }));
    EXPECT_EQ(d.bench.world().packets(Reason::internal_error), 0u);
    for (const Reason r : {Reason::no_destination, Reason::stray, Reason::icmp_scheduled})
        EXPECT_GT(d.bench.world().packets(r), 0u) << scenario::reason_name(r) << ": the test did not test";
}

TEST(AnyFrame, that_is_sound_leaves_sound) {
    Director d;
    int forwarded = 0;
    EXPECT_TRUE(rc::check([&] {
        const scenario::Packet p = any_packet_here();
        const sim::Outcome o = d.arrive(scenario::arriving(p));
        const Action action = action_of(o.verdict.reason);
        if (action != Action::forward && action != Action::stack)
            return;
        forwarded++;
        RC_ASSERT(scenario::tins_agrees(o.frame));
        const bool v6 = p.saddr.family == Family::v6;
        RC_ASSERT(o.frame[v6 ? 21 : 22] == p.ttl - (action == Action::forward));
        // Behind the addresses and ports not a byte differs, save the checksum.
        const Frame before = scenario::arriving(p);
        const std::size_t l4 = v6 ? 54 : 34;
        const std::size_t check = l4 + (p.protocol == 6 ? 16 : p.protocol == 17 ? 6 : 8);
        const std::size_t check_end = check + (p.protocol == 132 ? 4 : 2);
        for (std::size_t i = l4 + 4; i < before.size(); i++)
            RC_ASSERT((i >= check && i < check_end) || o.frame[i] == before[i]);
        d.bench.wait(0.01);
    }));
    EXPECT_GT(forwarded, 300) << "the test did not test";
}

TEST(AnyFrame, keeps_the_books_straight) {
    Director d;
    EXPECT_TRUE(rc::check([&] {
        for (int i = 0; i < 20; i++)
            d.arrive(any_frame());
        d.bench.wait(*rc::gen::element(0.0, 0.3, 70.0));
        sim::Tables& t = d.bench.tables();
        u32 live = 0, held = 0, given_way = 0, counted = 0;
        for (const Conn& c : t.conns) {
            live += c.status.is.life == Life::live;
            held += c.status.is.life == Life::held;
            given_way += c.status.is.life == Life::held && (c.status.is.flags & conn_given_way);
        }
        for (const Dest& dest : t.dests)
            counted += dest.active + dest.inactive;
        RC_ASSERT(t.table.live == live);
        RC_ASSERT(counted == live);
        RC_ASSERT(t.table.held == held);
        RC_ASSERT(t.tuples() == 2u * (live + held) - given_way);
    }));
}

} // namespace
} // namespace bpvs
