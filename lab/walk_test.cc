// Each test breaks one thing at one hop and expects exactly that to be named.
#include "lab/test_connection.hh"
#include "lab/walk.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpvs::lab {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Walk walk_of(const Frames& frames) {
    std::array<Capture, hop_count> captures;
    for (std::size_t i = 0; i < hop_count; ++i)
        for (const Bytes& frame : frames[i]) {
            const auto packet = parse_packet(frame);
            if (packet)
                captures[i].packets.push_back(*packet);
            else if (packet.error() == Unparsed::malformed)
                ++captures[i].malformed;
        }
    return check_walk(captures, roles());
}

Walk walk_with(const Break& broken) { return walk_of(capture_connection(broken)); }

void expect_only(const Walk& walk, std::size_t hop, const std::string& sentence) {
    EXPECT_FALSE(walk.ok());
    for (std::size_t i = 0; i < hop_count; ++i) {
        if (i + 1 == hop)
            EXPECT_THAT(walk.hops[i].differences, ElementsAre(sentence));
        else
            EXPECT_THAT(walk.hops[i].differences, IsEmpty()) << "hop " << i + 1;
    }
}

TEST(Walk, right_connection_is_ok_at_every_hop) {
    const Walk walk = walk_with(nothing);
    EXPECT_TRUE(walk.ok()) << describe(walk, roles());
    for (std::size_t i = 0; i < hops_each_way; ++i) {
        EXPECT_EQ(walk.hops[i].packets, 4u);
        EXPECT_EQ(walk.hops[hops_each_way + i].packets, 3u);
    }
}

TEST(Walk, partial_checksums_are_ok) {
    EXPECT_TRUE(walk_with([](std::size_t, Spec& s) { return s.partial = true; }).ok());
}

TEST(Walk, partial_checksum_of_another_address_is_named) {
    // What a director leaves that rewrites the address and forgets the pseudo header.
    const auto stale = [](std::size_t hop, Spec& s) {
        s.partial = true;
        if (hop == 3 && (s.flags & syn) != 0)
            s.spoil_tcp_sum = 1;
        return true;
    };
    expect_only(walk_with(stale), 3, "packet 1 [S]: the TCP checksum is wrong");
}

TEST(Walk, untranslated_destination_is_named) {
    expect_only(walk_with(at(3, [](Spec& s) { s.destination.addr = roles().service.addr; })), 3,
                "packet 1 [S]: dip is 1.1.1.1 (VIP), must be 172.16.1.2 (RIP)");
}

TEST(Walk, unmapped_destination_port_is_named) {
    expect_only(walk_with(at(3, [](Spec& s) { s.destination.port = to_be16(80); })), 3,
                "packet 1 [S]: destination port is 80, must be 8080");
}

TEST(Walk, changed_source_port_is_named) {
    // Not in the shared capture of the reply's hop, whose packets are told by this port.
    Frames frames = capture_connection(at(3, [](Spec& s) { s.source.port = to_be16(50000); }));
    frames[3].erase(frames[3].begin());
    expect_only(walk_of(frames), 3, "packet 1 [S]: source port is 50000, must be 40000");
}

TEST(Walk, untranslated_reply_is_named) {
    expect_only(walk_with(at(5, [](Spec& s) { s.source.addr = roles().real_server.addr; })), 5,
                "packet 1 [SA]: sip is 172.16.1.2 (RIP), must be 1.1.1.1 (VIP)");
}

TEST(Walk, unknown_address_is_named) {
    expect_only(walk_with(at(5, [](Spec& s) { s.source.addr = to_be32(0x09090909); })), 5,
                "packet 1 [SA]: sip is 9.9.9.9 (?), must be 1.1.1.1 (VIP)");
}

TEST(Walk, every_role_is_checked_at_every_hop) {
    const Mac other_mac = *parse_mac("02:00:00:00:00:99");
    const Be32 other = to_be32(0x0a0a0a0a);
    for (std::size_t hop = 1; hop <= hop_count; ++hop) {
        const std::string who = hop <= hops_each_way ? "packet 1 [S]: " : "packet 1 [SA]: ";
        const auto named = [&](const Walk& walk, const std::string& field) {
            EXPECT_THAT(walk.hops[hop - 1].differences, ElementsAre(HasSubstr(who + field))) << "hop " << hop;
        };
        named(walk_with(at(hop, [&](Spec& s) { s.source.addr = other; })), "sip is 10.10.10.10 (?)");
        named(walk_with(at(hop, [&](Spec& s) { s.destination.addr = other; })), "dip is 10.10.10.10 (?)");
        named(walk_with(at(hop, [&](Spec& s) { s.smac = other_mac; })), "smac is 02:00:00:00:00:99 (?)");
        named(walk_with(at(hop, [&](Spec& s) { s.dmac = other_mac; })), "dmac is 02:00:00:00:00:99 (?)");
        named(walk_with(at(hop, [&](Spec& s) { s.spoil_ip_sum = 1; })), "the IP checksum is wrong");
        named(walk_with(at(hop, [&](Spec& s) { s.spoil_tcp_sum = 1; })), "the TCP checksum is wrong");
    }
}

TEST(Walk, mac_of_another_role_is_named_by_that_role) {
    expect_only(walk_with(at(6, [](Spec& s) { s.smac = roles().vip_mac; })), 6,
                "packet 1 [SA]: smac is 02:00:00:00:d0:00 (VIP_mac), must be 02:00:00:00:fe:00 (GW_up_mac)");
}

TEST(Walk, ttl_that_a_router_did_not_lower_is_named) {
    expect_only(walk_with(at(3, [](Spec& s) { ++s.ttl; })), 3, "packet 1 [S]: ttl is 63, must be 62");
    expect_only(walk_with(at(6, [](Spec& s) { --s.ttl; })), 6, "packet 1 [SA]: ttl is 61, must be 62");
}

TEST(Walk, fields_that_must_survive_are_compared) {
    const auto at_3 = [](const std::function<void(Spec&)>& change) { return walk_with(at(3, change)); };
    expect_only(at_3([](Spec& s) { s.seq = 1; }), 3, "packet 1 [S]: seq is 1, must be 1000");
    expect_only(at_3([](Spec& s) { s.ack = 1; }), 3, "packet 1 [S]: ack is 1, must be 0");
    expect_only(at_3([](Spec& s) { s.id = 1; }), 3, "packet 1 [S]: IP id is 1, must be 18231");
    expect_only(at_3([](Spec& s) { s.options[3] = 0; }), 3,
                "packet 1 [S]: the TCP options changed on the way (4 bytes, before 4)");
}

TEST(Walk, changed_payload_is_named) {
    const auto spoil = [](std::size_t hop, Spec& s) {
        if (hop >= 5 && s.payload == "RS2")
            s.payload = "RS1";
        return true;
    };
    expect_only(walk_with(spoil), 5, "packet 2 [PA]: the payload changed on the way (3 bytes, before 3)");
}

TEST(Walk, missing_hop_is_named) {
    const Walk walk = walk_with([](std::size_t hop, Spec&) { return hop != 5; });
    EXPECT_FALSE(walk.ok());
    EXPECT_FALSE(walk.hops[4].first);
    EXPECT_THAT(walk.hops[4].differences[0], "no packet of the connection was captured");
    EXPECT_THAT(walk.hops[3].differences, IsEmpty());
    EXPECT_THAT(walk.hops[5].differences, IsEmpty()) << "hop 6 is compared with hop 4 then";
}

TEST(Walk, no_packets_at_all_is_not_ok) {
    const Walk walk = walk_of({});
    for (const HopResult& hop : walk.hops)
        EXPECT_THAT(hop.differences, ElementsAre("no packet of the connection was captured"));
}

TEST(Walk, lost_packet_is_named_where_it_is_missed) {
    const auto lose = [](std::size_t hop, Spec& s) { return hop < 5 || s.payload.empty(); };
    const Walk walk = walk_with(lose);
    EXPECT_THAT(walk.hops[3].differences, IsEmpty());
    EXPECT_THAT(walk.hops[4].differences, ElementsAre("packet 2 [PA]: did not get here"));
    EXPECT_THAT(walk.hops[5].differences, ElementsAre("packet 2 [PA]: did not get here"));
}

TEST(Walk, packet_from_nowhere_is_named) {
    Frames frames = capture_connection(nothing);
    const auto capture = [&](std::size_t hop) -> auto& { return frames[hop - 1]; };
    Spec extra;
    extra.source = roles().client;
    extra.destination = roles().real_server;
    extra.smac = roles().dip_mac;
    extra.dmac = roles().rs_mac;
    extra.flags = 4;
    capture(3).push_back(frame_of(extra));
    expect_only(walk_of(frames), 3, "packet 5 [R]: was not seen at hop 2");
}

TEST(Walk, malformed_packet_is_named) {
    Frames frames = capture_connection(nothing);
    Bytes cut = frames[2].front();
    cut.resize(cut.size() - 1);
    frames[2].push_back(cut);
    expect_only(walk_of(frames), 3, "1 packets are malformed");
}

TEST(Walk, description_names_roles_and_verdicts) {
    const std::string text = describe(walk_with(at(5, [](Spec& s) { ++s.ttl; })), roles());
    EXPECT_THAT(text, HasSubstr("3.Director-------->Real Server (DNAT)\n"
                                "     sip: CIP 192.168.1.1:40000              dip: RIP 172.16.1.2:8080\n"
                                "     smac:DIP_mac 02:00:00:00:d0:01          dmac:RealServer_mac 02:00:00:00:a0:02\n"
                                "     [S] seq 1000 ack 0 ttl 62 id 0x4737\n"
                                "     ok (4 packets)\n"));
    EXPECT_THAT(text, HasSubstr("DIFFERS: packet 1 [SA]: ttl is 64, must be 63\n"));
}

} // namespace
} // namespace bpvs::lab
