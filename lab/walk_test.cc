// A whole connection is built hop by hop as a right director would send it; each test breaks one
// thing at one hop and expects exactly that to be named.
#include "lab/walk.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace bpvs::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Bytes = std::vector<u8>;

Roles roles() {
    return {.client = *parse_endpoint("192.168.1.1:40000"),
            .service = *parse_endpoint("1.1.1.1:80"),
            .real_server = *parse_endpoint("172.16.1.2:8080"),
            .client_mac = *parse_mac("02:00:00:00:c1:00"),
            .gw_up_mac = *parse_mac("02:00:00:00:fe:00"),
            .gw_down_mac = *parse_mac("02:00:00:00:fe:01"),
            .vip_mac = *parse_mac("02:00:00:00:d0:00"),
            .dip_mac = *parse_mac("02:00:00:00:d0:01"),
            .rs_mac = *parse_mac("02:00:00:00:a0:02")};
}

constexpr u8 fin = 1, syn = 2, push = 8, ack_flag = 16;

/// What to put on the wire; checksums are computed last, so that a broken field keeps them right.
struct Spec {
    Mac smac{}, dmac{};
    Endpoint source, destination;
    u8 ttl = 64;
    u16 id = 0;
    u8 flags = 0;
    u32 seq = 0, ack = 0;
    Bytes options{};
    std::string payload{};
    bool partial = false;
    int spoil_ip_sum = 0, spoil_tcp_sum = 0;
};

void put16(Bytes& b, std::size_t at, unsigned v) {
    b[at] = static_cast<u8>(v >> 8);
    b[at + 1] = static_cast<u8>(v);
}

void put32(Bytes& b, std::size_t at, u32 v) {
    put16(b, at, v >> 16);
    put16(b, at + 2, v & 0xffff);
}

unsigned sum_of(const Bytes& b, std::size_t from, std::size_t to) {
    unsigned sum = 0;
    for (std::size_t i = from; i < to; ++i)
        sum += (i - from) % 2 == 0 ? static_cast<unsigned>(b[i]) << 8 : b[i];
    return sum;
}

unsigned fold(unsigned sum) { return sum % 0xffff == 0 && sum != 0 ? 0xffff : sum % 0xffff; }

Bytes frame_of(const Spec& s) {
    const std::size_t tcp = 14 + 20;
    Bytes b(tcp + 20 + s.options.size() + s.payload.size(), 0);
    std::copy(s.payload.begin(), s.payload.end(), std::copy(s.options.begin(), s.options.end(), b.begin() + tcp + 20));
    std::copy(s.dmac.begin(), s.dmac.end(), b.begin());
    std::copy(s.smac.begin(), s.smac.end(), b.begin() + 6);
    put16(b, 12, 0x0800);
    b[14] = 0x45;
    put16(b, 16, static_cast<unsigned>(b.size() - 14));
    put16(b, 18, s.id);
    put16(b, 20, 0x4000);
    b[22] = s.ttl;
    b[23] = 6;
    put32(b, 26, from_be32(s.source.addr));
    put32(b, 30, from_be32(s.destination.addr));
    put16(b, 24, (~fold(sum_of(b, 14, tcp)) + static_cast<unsigned>(s.spoil_ip_sum)) & 0xffff);
    put16(b, tcp, from_be16(s.source.port));
    put16(b, tcp + 2, from_be16(s.destination.port));
    put32(b, tcp + 4, s.seq);
    put32(b, tcp + 8, s.ack);
    b[tcp + 12] = static_cast<u8>((20 + s.options.size()) / 4 << 4);
    b[tcp + 13] = s.flags;
    put16(b, tcp + 14, 64240);
    const unsigned pseudo = sum_of(b, 26, 34) + 6 + static_cast<unsigned>(b.size() - tcp);
    const unsigned sum = s.partial ? fold(pseudo) : ~fold(pseudo + sum_of(b, tcp, b.size()));
    put16(b, tcp + 16, (sum + static_cast<unsigned>(s.spoil_tcp_sum)) & 0xffff);
    return b;
}

/// The packets of a short connection; hop-independent fields only.
std::vector<std::pair<bool, Spec>> conversation() {
    const auto packet = [](u8 flags, u32 seq, u32 ack, u16 id, std::string payload = {}, Bytes options = {}) {
        Spec s;
        s.flags = flags;
        s.seq = seq;
        s.ack = ack;
        s.id = id;
        s.payload = std::move(payload);
        s.options = std::move(options);
        return s;
    };
    const Bytes mss{2, 4, 5, 180};
    return {
        {true, packet(syn, 1000, 0, 0x4737, "", mss)},
        {false, packet(syn | ack_flag, 7000, 1001, 0, "", mss)},
        {true, packet(ack_flag, 1001, 7001, 0x4738)},
        {true, packet(push | ack_flag, 1001, 7001, 0x4739, "GET /")},
        {false, packet(push | ack_flag, 7001, 1006, 0x63e0, "RS2")},
        {true, packet(fin | ack_flag, 1006, 7004, 0x473a)},
        {false, packet(fin | ack_flag, 7004, 1007, 0x63e1)},
    };
}

/// Changes or (false) drops a packet at a hop, 1 to 6.
using Break = std::function<bool(std::size_t hop, Spec&)>;
using Frames = std::array<std::vector<Bytes>, hop_count>;

/// Hops 1 and 6 are one wire, as are 2 and 5, 3 and 4: their captures hold both directions.
Frames capture_connection(const Break& broken) {
    const Roles r = roles();
    Frames frames;
    for (const auto& [request, spec] : conversation())
        for (std::size_t i = 0; i < hops_each_way; ++i) {
            const std::size_t hop = (request ? 0 : hops_each_way) + i;
            Spec s = spec;
            s.source = r.*walk_rules[hop].source;
            s.destination = r.*walk_rules[hop].destination;
            s.smac = r.*walk_rules[hop].smac;
            s.dmac = r.*walk_rules[hop].dmac;
            s.ttl = static_cast<u8>(64 - i);
            if (!broken(hop + 1, s))
                continue;
            frames[hop].push_back(frame_of(s));
            frames[hop_count - 1 - hop].push_back(frame_of(s));
        }
    return frames;
}

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

bool nothing(std::size_t, Spec&) { return true; }

/// Breaks `change` into the first packet (SYN or SYN-ACK) at one hop.
Break at(std::size_t hop, const std::function<void(Spec&)>& change) {
    return [=](std::size_t h, Spec& s) {
        if (h == hop && (s.flags & syn) != 0)
            change(s);
        return true;
    };
}

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

TEST(ParsePacket, other_protocols_are_of_no_interest) {
    Bytes frame = frame_of(Spec{});
    frame[23] = 17;
    EXPECT_EQ(parse_packet(frame).error(), Unparsed::not_tcp);
    frame[12] = 0x86;
    EXPECT_EQ(parse_packet(frame).error(), Unparsed::not_tcp);
    EXPECT_EQ(parse_packet({}).error(), Unparsed::not_tcp);
}

TEST(ParsePacket, lengths_that_do_not_fit_are_malformed) {
    const Bytes good = frame_of(Spec{});
    ASSERT_TRUE(parse_packet(good));
    for (std::size_t size = 14; size < good.size(); ++size)
        EXPECT_EQ(parse_packet(std::span(good).first(size)).error(), Unparsed::malformed) << size;
    for (const auto& [at, value] : {std::pair{14, 0x44}, {14, 0x4f}, {14, 0x65}, {17, 19}, {46, 0x40}, {46, 0x60}}) {
        Bytes bad = good;
        bad[static_cast<std::size_t>(at)] = static_cast<u8>(value);
        EXPECT_EQ(parse_packet(bad).error(), Unparsed::malformed) << at << " " << value;
    }
}

TEST(ParsePacket, padding_of_short_frames_is_no_payload) {
    Bytes frame = frame_of(Spec{});
    frame.resize(60);
    const auto packet = parse_packet(frame);
    ASSERT_TRUE(packet);
    EXPECT_THAT(packet->payload, IsEmpty());
    EXPECT_EQ(packet->tcp_sum, Sum::good);
}

TEST(ParseRoles, bad_text_is_refused_with_a_sentence) {
    for (const char* text : {"", "1.1.1.1", "1.1.1:80", "1.1.1.1:", "1.1.1.1:0", "1.1.1.1:65536", "1.1.1.1:80x"})
        EXPECT_THAT(parse_endpoint(text).error(), HasSubstr("is not ADDRESS:PORT")) << text;
    for (const char* text : {"", "02:00:00:00:c1", "02:00:00:00:c1:0g", "02-00-00-00-c1-00", "02:00:00:00:c1:00:"})
        EXPECT_THAT(parse_mac(text).error(), HasSubstr("is not a MAC address")) << text;
}

/// The program itself, on files as tcpdump writes them.
class Program : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = std::filesystem::temp_directory_path() / "bpvs-walk-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        dir_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }

    std::string file(std::size_t hop) const { return dir_ / (std::to_string(hop) + ".pcap"); }

    void write(const Frames& frames, int link_type = DLT_EN10MB, u32 cut = 0) const {
        for (std::size_t i = 0; i < hop_count; ++i) {
            pcap_t* pcap = pcap_open_dead(link_type, 65535);
            pcap_dumper_t* out = pcap_dump_open(pcap, file(i + 1).c_str());
            for (const Bytes& frame : frames[i]) {
                const auto size = static_cast<u32>(frame.size());
                const pcap_pkthdr header{.ts = {}, .caplen = size - cut, .len = size};
                pcap_dump(reinterpret_cast<u8*>(out), &header, frame.data());
            }
            pcap_dump_close(out);
            pcap_close(pcap);
        }
    }

    /// Exit status; output in `output_`.
    int run(const std::string& vip = "1.1.1.1:80", std::size_t files = hop_count) {
        std::string command = std::string(BPVS_WALK) + " --cip 192.168.1.1:40000 --vip " + vip +
                              " --rip 172.16.1.2:8080 --client-mac 02:00:00:00:c1:00 --gw-up-mac 02:00:00:00:fe:00"
                              " --gw-down-mac 02:00:00:00:fe:01 --vip-mac 02:00:00:00:d0:00"
                              " --dip-mac 02:00:00:00:d0:01 --rs-mac 02:00:00:00:a0:02";
        for (std::size_t i = 1; i <= files; ++i)
            command += " " + file(i);
        command += " >" + (dir_ / "out").string() + " 2>&1";
        const int status = std::system(command.c_str());
        std::ifstream in(dir_ / "out");
        output_.assign(std::istreambuf_iterator<char>(in), {});
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::filesystem::path dir_;
    std::string output_;
};

TEST_F(Program, exits_0_when_every_hop_is_ok) {
    write(capture_connection(nothing));
    EXPECT_EQ(run(), 0) << output_;
    EXPECT_THAT(output_, HasSubstr("6.GW-------------->Client"));
}

TEST_F(Program, exits_1_when_something_differs) {
    write(capture_connection(at(3, [](Spec& s) { ++s.ttl; })));
    EXPECT_EQ(run(), 1);
    EXPECT_THAT(output_, HasSubstr("DIFFERS: packet 1 [S]: ttl is 63, must be 62"));
}

TEST_F(Program, exits_1_when_roles_are_others) {
    write(capture_connection(nothing));
    EXPECT_EQ(run("1.1.1.2:80"), 1);
    EXPECT_THAT(output_, HasSubstr("dip is 1.1.1.1 (?), must be 1.1.1.2 (VIP)"));
}

TEST_F(Program, refuses_what_it_cannot_read_with_a_sentence) {
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("hop 1: cannot read the capture"));
    write(capture_connection(nothing), DLT_RAW);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("has no Ethernet headers"));
    write(capture_connection(nothing), DLT_EN10MB, 1);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("has cut packets"));
    write(capture_connection(nothing));
    std::filesystem::resize_file(file(4), std::filesystem::file_size(file(4)) - 3);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("hop 4: the capture " + file(4) + " ends in the middle"));
}

TEST_F(Program, refuses_bad_arguments_with_a_sentence) {
    write(capture_connection(nothing));
    EXPECT_EQ(run("1.1.1.1"), 2);
    EXPECT_THAT(output_, HasSubstr("'1.1.1.1' is not ADDRESS:PORT, such as 1.1.1.1:80"));
    EXPECT_EQ(run("1.1.1.1:80", 5), 2);
}

} // namespace
} // namespace bpvs::lab
