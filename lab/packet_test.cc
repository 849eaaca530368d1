#include "lab/packet.hh"
#include "lab/roles.hh"
#include "lab/test_connection.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpvs::lab {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

} // namespace
} // namespace bpvs::lab
