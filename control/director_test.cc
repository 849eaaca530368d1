// What ipvsadm does to a virtual server table, on tables in memory.
#include "control/director_parts.hh"
#include "control/test_lab.hh"

#include <functional>

namespace bpvs {
namespace {

TEST(AddService, enables_the_director_and_the_last_deletion_makes_it_inert) {
    Lab lab;
    EXPECT_EQ(lab.tables.config.in_force.enabled, 0u);
    lab.add("rr", {});
    lab.add("rr", {}, udp(53));
    EXPECT_EQ(lab.tables.config.in_force.enabled, 1u);
    OK(lab.director.delete_service(tcp()));
    EXPECT_EQ(lab.tables.config.in_force.enabled, 1u);
    OK(lab.director.delete_service(udp(53)));
    EXPECT_EQ(lab.tables.config.in_force.enabled, 0u);
}

TEST(AddService, reports_what_exists_before_an_unknown_scheduler) {
    Lab lab;
    lab.add("rr", {});
    REFUSED(Errc::service_exists, lab.director.add_service(service(tcp(), "nosuch")));
    REFUSED(Errc::unknown_scheduler, lab.director.add_service(service(tcp(81), "nosuch")));
    REFUSED(Errc::unknown_scheduler, lab.director.add_service(service(tcp(81), "tows")));
    REFUSED(Errc::unknown_scheduler, lab.director.add_service(service(tcp(81), "RR")));
    REFUSED(Errc::no_service, lab.director.edit_service(service(tcp(81), "nosuch")));
    REFUSED(Errc::unknown_scheduler, lab.director.edit_service(service(tcp(), "nosuch")));
}

TEST(AddService, by_firewall_mark_is_one_service_for_all_addresses_and_ports) {
    Lab lab;
    const ServiceName five{.fwmark = 5}, six{.fwmark = 6};
    OK(lab.director.add_service(service(five)));
    OK(lab.director.add_service(service(six)));
    REFUSED(Errc::service_exists, lab.director.add_service(service(five)));
    ServerSpec any_port = server(1);
    any_port.port = {};
    OK(lab.director.add_server(five, any_port));
    OK(lab.director.add_server(five, server(1)));
    REFUSED(Errc::server_exists, lab.director.add_server(five, any_port));
    EXPECT_EQ(lab.director.find(five)->servers.size(), 2u);
    EXPECT_EQ(lab.director.find(six)->servers.size(), 0u);
    OK(lab.director.delete_service(five));
    REFUSED(Errc::no_service, lab.director.add_server(five, server(2)));
}

TEST(AddService, says_what_this_version_does_not_carry_out) {
    Lab lab;
    ServiceSpec sip = service(udp(5060));
    sip.pe = "sip";
    REFUSED(Errc::not_supported, lab.director.add_service(sip));
    EXPECT_EQ(lab.tables.services.size(), 0u);
}

TEST(AddService, of_the_same_address_and_port_may_differ_in_protocol) {
    Lab lab;
    lab.add("rr", {1}, tcp(53));
    lab.add("rr", {1, 1}, udp(53));
    EXPECT_EQ(lab.director.find(tcp(53))->servers.size(), 1u);
    EXPECT_EQ(lab.director.find(udp(53))->servers.size(), 2u);
}

TEST(Services, that_do_not_exist_are_refused) {
    Lab lab;
    REFUSED(Errc::no_service, lab.director.edit_service(service(tcp())));
    REFUSED(Errc::no_service, lab.director.delete_service(tcp()));
    REFUSED(Errc::no_service, lab.director.add_server(tcp(), server(1)));
    REFUSED(Errc::no_service, lab.director.edit_server(tcp(), server(1)));
    REFUSED(Errc::no_service, lab.director.delete_server(tcp(), Family::v4, rip(1), http));
    REFUSED(Errc::no_service, lab.director.zero(tcp()));
    REFUSED(Errc::no_service, lab.director.find(tcp()));
}

TEST(Servers, are_checked_in_the_order_of_ipvs) {
    Lab lab;
    lab.add("rr", {1});
    const auto with = [](ServerSpec s, u32 upper, u32 lower) {
        s.upper = upper;
        s.lower = lower;
        return s;
    };
    ServerSpec multicast = server(0);
    multicast.addr = address(224, 0, 0, 1);
    REFUSED(Errc::out_of_range, lab.director.add_server(tcp(), with(server(1), 1, 2)));
    REFUSED(Errc::out_of_range, lab.director.add_server(tcp(), with(multicast, 1, 2)));
    REFUSED(Errc::out_of_range, lab.director.edit_server(tcp(), with(server(9), 0, 1)));
    REFUSED(Errc::server_exists, lab.director.add_server(tcp(), with(server(1), 2, 1)));
    REFUSED(Errc::not_unicast, lab.director.add_server(tcp(), multicast));
    REFUSED(Errc::no_server, lab.director.edit_server(tcp(), multicast));
    REFUSED(Errc::no_server, lab.director.delete_server(tcp(), Family::v4, rip(9), http));
    REFUSED(Errc::out_of_range, lab.director.add_server(tcp(), server(2, 2147483648u)));
    for (Forward method : {Forward::local, Forward::tunnel, Forward::route}) {
        ServerSpec other = server(2);
        other.method = method;
        REFUSED(Errc::not_supported, lab.director.add_server(tcp(), other));
        other.addr = rip(1);
        REFUSED(Errc::not_supported, lab.director.edit_server(tcp(), other));
    }
    EXPECT_EQ(lab.director.find(tcp())->servers.size(), 1u);
}

TEST(AddServer, of_an_ipv6_service_has_a_unicast_ipv6_address) {
    Lab lab;
    ServiceSpec spec = service(tcp());
    spec.name.family = Family::v6;
    spec.name.vip = address_v6(0x20010db8, 0x10000, 0, 1);
    OK(lab.director.add_service(spec));
    ServerSpec s = server(1);
    REFUSED(Errc::not_supported, lab.director.add_server(spec.name, s));
    s.family = Family::v6;
    for (const Address& no : {Address{}, address_v6(0xff020000, 0, 0, 1), address_v6(0xfe800000, 0, 0, 1),
                              address_v6(0xfebf0000, 0, 0, 1), address_v6(0, 0, 0xffff, 0x01020304)}) {
        s.addr = no;
        REFUSED(Errc::not_unicast, lab.director.add_server(spec.name, s));
    }
    for (const Address& yes : {address_v6(0x20010db8, 0x20000, 0, 1), address_v6(0, 0, 0, 1),
                               address_v6(0xfc000000, 0, 0, 1), address_v6(0xfec00000, 0, 0, 1)}) {
        s.addr = yes;
        OK(lab.director.add_server(spec.name, s));
    }
    EXPECT_EQ(lab.director.find(spec.name)->servers.size(), 4u);
}

TEST(AddServer, refuses_addresses_that_are_not_unicast) {
    sim::Tables tables;
    sim::MemoryStore store(tables);
    const Address broadcast = address(172, 16, 1, 255);
    Director director(store, [&](const Address& a) { return !(a == broadcast); });
    OK(director.add_service(service(tcp())));
    ServerSpec spec = server(1);
    for (const Address& a :
         {address(0, 0, 0, 0), address(255, 255, 255, 255), address(239, 255, 255, 255), broadcast}) {
        spec.addr = a;
        REFUSED(Errc::not_unicast, director.add_server(tcp(), spec));
    }
    for (const Address& a : {address(240, 0, 0, 1), address(0, 0, 0, 5), address(127, 0, 0, 1)}) {
        spec.addr = a;
        OK(director.add_server(tcp(), spec));
    }
}

TEST(Servers, are_listed_newest_first_and_keep_their_place_when_edited) {
    Lab lab;
    lab.add("wrr", {1, 2, 3});
    OK(lab.director.edit_server(tcp(), server(2, 9)));
    const auto view = lab.director.find(tcp());
    ASSERT_TRUE(view);
    std::vector<u32> weights;
    for (const ServerView& s : view->servers)
        weights.push_back(s.spec.weight);
    EXPECT_EQ(weights, (std::vector<u32>{3, 9, 1}));
    EXPECT_EQ(view->spec.scheduler, "wrr");
    EXPECT_EQ(view->spec.name, tcp());
    EXPECT_EQ(view->servers[1].spec.addr, rip(2));
    EXPECT_EQ(view->servers[1].spec.method, Forward::masq);
}

TEST(RemovedServer, comes_back_with_its_connections_and_counters) {
    Lab lab;
    lab.add("rr", {1, 1});
    const u32 id = lab.record(1);
    lab.tables.dests[id].active = 3;
    lab.tables.dests[id].overloaded = 1;
    lab.tables.counters[id].conns = 7;
    OK(lab.director.delete_server(tcp(), Family::v4, rip(1), http));
    EXPECT_EQ(lab.tables.dests[id].service, no_id);
    OK(lab.director.add_server(tcp(), server(9)));
    EXPECT_NE(lab.record(9), id) << "connections count on the record";
    OK(lab.director.add_server(tcp(), server(1)));
    EXPECT_EQ(lab.tables.dests[id].service, lab.element().id);
    EXPECT_EQ(lab.tables.dests[id].overloaded, 0u);
    const auto view = lab.director.find(tcp());
    EXPECT_EQ(view->servers[0].active, 3u);
    EXPECT_EQ(view->servers[0].counters.conns, 7u);
}

TEST(RemovedServer, counts_from_zero_in_a_service_that_was_deleted_meanwhile) {
    for (bool flushed : {false, true}) {
        Lab lab;
        lab.add("rr", {1});
        const u32 id = lab.record(1);
        lab.tables.dests[id].inactive = 3;
        lab.tables.counters[id].conns = 7;
        lab.tables.counters[lab.tables.config.max_dests].conns = 7;
        if (flushed)
            OK(lab.director.flush());
        else
            OK(lab.director.delete_service(tcp()));
        lab.add("rr", {1});
        EXPECT_EQ(lab.record(1), id);
        const auto view = lab.director.find(tcp());
        EXPECT_EQ(view->servers[0].inactive, 3u);
        EXPECT_EQ(view->servers[0].counters.conns, 0u);
        EXPECT_EQ(view->counters.conns, 0u);
    }
}

TEST(RemovedServer, of_another_service_or_port_is_another_one) {
    Lab lab;
    lab.add("rr", {1});
    const u32 id = lab.record(1);
    lab.tables.dests[id].inactive = 1;
    OK(lab.director.delete_server(tcp(), Family::v4, rip(1), http));
    lab.add("rr", {1}, tcp(81));
    ServerSpec other_port = server(1);
    other_port.port = to_be16(8080);
    OK(lab.director.add_server(tcp(), other_port));
    EXPECT_EQ(lab.tables.dests[id].service, no_id);
}

TEST(RemovedServer, leaves_a_record_that_is_used_again_with_nothing_of_its_own) {
    Lab lab({.max_dests = 1});
    lab.add("rr", {1});
    lab.tables.counters[0].conns = 7;
    lab.tables.rates[0].cps = 7;
    OK(lab.director.delete_server(tcp(), Family::v4, rip(1), http));
    OK(lab.director.add_server(tcp(), server(2)));
    const auto view = lab.director.find(tcp());
    EXPECT_EQ(view->servers[0].spec.addr, rip(2));
    EXPECT_EQ(view->servers[0].counters.conns, 0u);
    EXPECT_EQ(view->servers[0].rates.cps, 0u);
}

TEST(Tables, that_are_full_refuse_with_their_size_and_change_nothing) {
    Lab lab({.max_dests = 2, .max_services = 2, .max_words = 64});
    lab.add("rr", {1, 1});
    const auto no_dest = lab.director.add_server(tcp(), server(3));
    REFUSED(Errc::no_room, no_dest);
    EXPECT_NE(no_dest.error().message.find("destinations is full (2 "), std::string::npos);
    lab.add("rr", {}, tcp(81));
    const auto no_service = lab.director.add_service(service(tcp(82)));
    REFUSED(Errc::no_room, no_service);
    EXPECT_NE(no_service.error().message.find("services is full (2 "), std::string::npos);
    EXPECT_EQ(lab.picks(4), "2121");

    Lab small({.max_dests = 8, .max_words = 60});
    small.add("rr", {1, 1});
    const auto no_words = small.director.add_server(tcp(), server(3)); // 30 words beside the 21 in force
    REFUSED(Errc::no_room, no_words);
    EXPECT_NE(no_words.error().message.find("60"), std::string::npos) << no_words.error().message;
    EXPECT_EQ(small.tables.config.dirty, 0u);
    EXPECT_EQ(small.picks(4), "2121");
    OK(small.director.delete_server(tcp(), Family::v4, rip(2), http));
    OK(small.director.add_server(tcp(), server(3)));
}

TEST(Flush, deletes_everything_at_once_and_leaves_room) {
    Lab lab({.max_services = 3, .max_words = 200});
    for (int round = 0; round < 10; ++round) {
        for (u16 port = 80; port < 83; ++port)
            lab.add("rr", {1, 1}, tcp(port));
        OK(lab.director.flush());
        EXPECT_EQ(lab.tables.services.size(), 0u);
        EXPECT_EQ(lab.tables.config.in_force.enabled, 0u);
        EXPECT_EQ(lab.director.list()->size(), 0u);
    }
}

TEST(Timeouts, are_those_of_set_and_zero_keeps_one) {
    Lab lab;
    OK(lab.director.set_timeouts({.tcp = 100, .tcp_fin = 0, .udp = 7}));
    const Timeouts t = lab.director.timeouts();
    EXPECT_EQ(t.tcp, 100u);
    EXPECT_EQ(t.tcp_fin, 120u);
    EXPECT_EQ(t.udp, 7u);
    OK(lab.director.set_timeouts({.tcp_fin = 5}));
    EXPECT_EQ(lab.tables.config.timeouts[static_cast<u32>(State::fin_wait)], 5u);
    EXPECT_EQ(lab.tables.config.timeouts[static_cast<u32>(State::time_wait)], 120u);
    REFUSED(Errc::out_of_range, lab.director.set_timeouts({.tcp = 1, .udp = 2678401}));
    EXPECT_EQ(lab.director.timeouts().tcp, 100u);
    OK(lab.director.set_timeouts({.tcp = 2678400}));
}

/// Services as they come: one port of many addresses, many ports of one, and both.
TEST(Offered, tells_packets_to_none_of_ten_thousand_services_from_theirs) {
    constexpr u32 count = 10000;
    using Name = std::pair<Address, Be16>;
    const auto port = [](u32 n) { return to_be16(static_cast<u16>(n)); };
    const std::vector<std::function<Name(u32)>> ways{
        [&](u32 n) { return Name{address(10, n >> 16 & 255, n >> 8 & 255, n & 255), port(80)}; },
        [&](u32 n) { return Name{vip, port(n)}; },
        [&](u32 n) { return Name{address(10, 0, n / 100 >> 8 & 255, n / 100 & 255), port(8000 + n % 100)}; }};
    for (const auto& name : ways) {
        Offered offered{};
        for (u32 n = 0; n < count; ++n) {
            const auto [addr, at] = name(n);
            offer(offered, ServiceKey{.vip = addr, .vport = at}, Service{});
        }
        u32 seem_to = 0;
        for (u32 n = 0; n < count; ++n) {
            EXPECT_TRUE(may_offer(offered, name(n).first, name(n).second));
            seem_to += may_offer(offered, name(count + n).first, name(count + n).second);
        }
        EXPECT_LT(seem_to, count / 20);
    }
}

TEST(Offered, follows_services_that_come_go_and_become_of_another_kind) {
    Lab lab;
    const Offered& offered = lab.tables.config.offered;
    const ServiceName ftp = tcp(21);
    lab.add("rr", {});
    EXPECT_FALSE(may_offer(offered, ftp.vip, ftp.vport));
    lab.add("rr", {}, ftp);
    EXPECT_TRUE(may_offer(offered, ftp.vip, ftp.vport));
    EXPECT_EQ(offered.kinds, one_port_kind);
    ServiceSpec persistent = service(ftp);
    persistent.persistence = 300;
    OK(lab.director.edit_service(persistent));
    EXPECT_EQ(offered.kinds, wide_kind) << "its data goes to other ports";
    OK(lab.director.add_server(ftp, server(1)));
    EXPECT_EQ(offered.kinds, wide_kind);
    EXPECT_TRUE(may_offer(offered, ftp.vip, ftp.vport) && may_offer(offered, vip, http));
    OK(lab.director.edit_service(service(ftp)));
    EXPECT_EQ(offered.kinds, one_port_kind);
    OK(lab.director.delete_service(ftp));
    EXPECT_FALSE(may_offer(offered, ftp.vip, ftp.vport));
    EXPECT_TRUE(may_offer(offered, vip, http));
}

TEST(Names, are_those_of_ipvsadm) {
    EXPECT_STREQ(state_name(State::established), "ESTABLISHED");
    EXPECT_STREQ(state_name(State::synack), "SYNACK");
    EXPECT_STREQ(state_name(State::udp), "UDP");
    EXPECT_STREQ(scheduler_name(Scheduler::wrr), "wrr");
    EXPECT_EQ(scheduler_by_name("rr"), Scheduler::rr);
    EXPECT_EQ(scheduler_by_name("wlc"), Scheduler::wlc);
    EXPECT_EQ(scheduler_by_name("twos"), Scheduler::twos);
    EXPECT_EQ(scheduler_by_name("none"), Scheduler::none) << "IPVS takes it: a service without one";
}

} // namespace
} // namespace bpvs
