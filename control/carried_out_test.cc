// A director that carries out everything holds all of ipvsadm's settings and shows them as they were given.
#include "control/test_lab.hh"

namespace bpvs {
namespace {

constexpr Address v6(u32 last) { return {{to_be32(0x20010db8), Be32{}, Be32{}, to_be32(last)}}; }

struct EverythingLab {
    sim::Tables tables;
    sim::MemoryStore store{tables};
    Director director{store, {}, CarriedOut::everything()};
};

void expect_same(const ServiceSpec& a, const ServiceSpec& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.scheduler, b.scheduler);
    EXPECT_EQ(a.sched_flags, b.sched_flags);
    EXPECT_EQ(a.persistence, b.persistence);
    EXPECT_EQ(a.netmask, b.netmask);
    EXPECT_EQ(a.one_packet, b.one_packet);
    EXPECT_EQ(a.pe, b.pe);
}

TEST(Everything, of_a_service_is_kept_and_edited) {
    EverythingLab lab;
    const ServiceSpec plain{.name = udp(5060), .scheduler = "rr"};
    const ServiceSpec full{.name = udp(5060),
                           .scheduler = "sh",
                           .sched_flags = 0x10,
                           .persistence = 300,
                           .netmask = 0x00ffffff,
                           .one_packet = true,
                           .pe = "sip"};
    OK(lab.director.add_service(full));
    expect_same(lab.director.find(udp(5060))->spec, full);
    OK(lab.director.edit_service(plain));
    expect_same(lab.director.find(udp(5060))->spec, plain);
    OK(lab.director.edit_service(full));
    expect_same(lab.director.find(udp(5060))->spec, full);
}

TEST(Everything, includes_every_scheduler_of_ipvs_marks_ipv6_sctp_and_all_ports) {
    EverythingLab lab;
    u32 mark = 0;
    for (const char* s : {"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"}) {
        const ServiceName name{.fwmark = ++mark};
        OK(lab.director.add_service({.name = name, .scheduler = s}));
        OK(lab.director.add_server(name, server(1)));
        EXPECT_EQ(lab.director.find(name)->spec.scheduler, s);
    }
    OK(lab.director.add_service({.name = {.family = Family::v6, .fwmark = 1}, .scheduler = "rr"}));
    OK(lab.director.add_service({.name = {.protocol = IpProto::sctp, .vip = vip, .vport = to_be16(9)}}));
    OK(lab.director.add_service({.name = tcp(0), .persistence = 1}));
    EXPECT_EQ(lab.director.list()->size(), mark + 3);
}

TEST(Everything, but_unknown_schedulers_and_engines) {
    EverythingLab lab;
    REFUSED(Errc::unknown_scheduler, lab.director.add_service({.name = tcp(), .scheduler = "tows"}));
    REFUSED(Errc::unknown_scheduler, lab.director.add_service({.name = tcp(), .scheduler = "rr", .pe = "sap"}));
}

TEST(Everything, of_a_server_is_kept) {
    EverythingLab lab;
    const ServiceName six{.family = Family::v6, .protocol = IpProto::tcp, .vip = v6(1), .vport = to_be16(80)};
    OK(lab.director.add_service({.name = six, .scheduler = "wlc"}));
    const ServerSpec gue{.family = Family::v4,
                         .addr = rip(1),
                         .port = to_be16(80),
                         .method = Forward::tunnel,
                         .weight = 7,
                         .upper = 20,
                         .lower = 10,
                         .tunnel_type = 1,
                         .tunnel_flags = 2,
                         .tunnel_port = to_be16(5555)};
    OK(lab.director.add_server(six, gue));
    OK(lab.director.add_server(six, {.family = Family::v6, .addr = v6(9), .port = to_be16(80)}));
    const auto view = lab.director.find(six);
    ASSERT_EQ(view->servers.size(), 2u);
    EXPECT_EQ(view->servers[0].spec.family, Family::v6);
    EXPECT_EQ(view->servers[0].spec.method, Forward::route);
    const ServerSpec& s = view->servers[1].spec;
    EXPECT_EQ(s.family, Family::v4);
    EXPECT_EQ(s.addr, gue.addr);
    EXPECT_EQ(s.method, gue.method);
    EXPECT_EQ(s.upper, gue.upper);
    EXPECT_EQ(s.lower, gue.lower);
    EXPECT_EQ(s.tunnel_type, gue.tunnel_type);
    EXPECT_EQ(s.tunnel_flags, gue.tunnel_flags);
    EXPECT_EQ(s.tunnel_port, gue.tunnel_port);
    REFUSED(Errc::server_exists, lab.director.add_server(six, gue));
    OK(lab.director.delete_server(six, Family::v4, rip(1), to_be16(80)));
    REFUSED(Errc::no_server, lab.director.delete_server(six, Family::v4, rip(1), to_be16(80)));
}

TEST(Everything, servers_have_unicast_addresses) {
    EverythingLab lab;
    const ServiceName six{.family = Family::v6, .protocol = IpProto::tcp, .vip = v6(1), .vport = to_be16(80)};
    OK(lab.director.add_service({.name = six, .scheduler = "rr"}));
    const auto add = [&](u32 a, u32 c, u32 d) {
        return lab.director.add_server(six, {.family = Family::v6, .addr = {{to_be32(a), {}, to_be32(c), to_be32(d)}}});
    };
    REFUSED(Errc::not_unicast, add(0, 0, 0));
    REFUSED(Errc::not_unicast, add(0xff020000, 0, 1));
    REFUSED(Errc::not_unicast, add(0xfe800000, 0, 1));
    REFUSED(Errc::not_unicast, add(0xfebf0000, 0, 1));
    REFUSED(Errc::not_unicast, add(0, 0xffff, 0x01010101));
    OK(add(0, 0, 1));
    OK(add(0xfec00000, 0, 1));
}

} // namespace
} // namespace bpvs
