#include "core/net/sctp.hh"

#include "sim/env.hh"
#include "tests/scenarios/lib/sctp.hh"

#include <gtest/gtest.h>

namespace bpvs::net {
namespace {

using scenario::arriving;
using scenario::parse_chunks;

/// The event of a packet with these chunks, or with these bytes in their place.
SctpEvent event_of(const scenario::Bytes& chunks) {
    scenario::Packet p = scenario::parse_packet("sctp cip:1 > vip:2 -");
    p.chunks = chunks;
    sim::Frame frame = arriving(p);
    sim::Tables tables{{.connections = 1, .max_dests = 1, .max_services = 1, .max_words = 1}};
    sim::Routes routes;
    sim::SimEnv env(tables, routes, frame, sim::Mac{});
    Flow flow{};
    Packet packet{flow};
    EXPECT_EQ(parse_ip(env, Family::v4, eth::size, packet), Reason::count);
    frame.insert(frame.end(), {6, 0, 0, 4, 6, 0, 0, 4}); // what pads a frame is not the packet's
    EXPECT_EQ(parse_transport(env, packet), Reason::count);
    return packet.event;
}
SctpEvent event_of(const char* chunks) { return event_of(parse_chunks(chunks)); }

TEST(SctpEvent, is_the_first_chunks) {
    EXPECT_EQ(event_of("INIT"), SctpEvent::init);
    EXPECT_EQ(event_of("INIT_ACK"), SctpEvent::init_ack);
    EXPECT_EQ(event_of("COOKIE_ECHO"), SctpEvent::cookie_echo);
    EXPECT_EQ(event_of("COOKIE_ACK"), SctpEvent::cookie_ack);
    EXPECT_EQ(event_of("SHUTDOWN"), SctpEvent::shutdown);
    EXPECT_EQ(event_of("SHUTDOWN_ACK"), SctpEvent::shutdown_ack);
    EXPECT_EQ(event_of("SHUTDOWN_COMPLETE"), SctpEvent::shutdown_complete);
    EXPECT_EQ(event_of("ERROR"), SctpEvent::error);
    EXPECT_EQ(event_of("ABORT"), SctpEvent::abort);
    EXPECT_EQ(event_of("DATA,ABORT"), SctpEvent::data);
    EXPECT_EQ(event_of("SACK,SHUTDOWN"), SctpEvent::data);
    EXPECT_EQ(event_of("INIT,ABORT"), SctpEvent::init);
}

TEST(SctpEvent, of_chunks_that_ipvs_does_not_know_is_datas) {
    for (u32 type = 0; type < 256; type++)
        if (type == 0 || type == 3 || type == 4 || type == 5 || type == 12 || type == 13 || type > 14) {
            EXPECT_EQ(event_of({static_cast<u8>(type), 0, 0, 4}), SctpEvent::data) << type;
        }
}

TEST(SctpEvent, of_abort_right_behind_a_cookie_is_the_aborts) {
    EXPECT_EQ(event_of("COOKIE_ECHO,ABORT"), SctpEvent::cookie_abort);
    EXPECT_EQ(event_of("COOKIE_ACK,ABORT"), SctpEvent::cookie_abort);
    EXPECT_EQ(event_of("COOKIE_ECHO,DATA,ABORT"), SctpEvent::cookie_echo);
    EXPECT_EQ(event_of("COOKIE_ECHO,SHUTDOWN"), SctpEvent::cookie_echo);
    EXPECT_EQ(event_of({10, 0, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 4}), SctpEvent::cookie_abort) << "padded";
    EXPECT_EQ(event_of({10, 0, 0, 4, 6, 0, 0, 0}), SctpEvent::cookie_abort);
    EXPECT_EQ(event_of({10, 0, 0, 3, 6, 0, 0, 4}), SctpEvent::cookie_echo) << "too short to be one";
    EXPECT_EQ(event_of({10, 0, 0xff, 0xff, 6, 0, 0, 4}), SctpEvent::cookie_echo) << "beyond the packet";
    EXPECT_EQ(event_of({10, 0, 0, 4, 6, 0, 0}), SctpEvent::cookie_echo) << "cut off";
}

TEST(SctpEvent, of_a_packet_without_a_whole_chunk_header_is_none) {
    EXPECT_EQ(event_of("-"), SctpEvent::none);
    EXPECT_EQ(event_of({1, 0, 0}), SctpEvent::none);
}

} // namespace
} // namespace bpvs::net
