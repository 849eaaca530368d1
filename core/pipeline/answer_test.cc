// Answers about packets whose sum is left to a device, which may finish it in what is quoted.
#include "core/pipeline/answer.hh"

#include "tests/scenarios/lib/generators.hh"

#include <gtest/gtest.h>

namespace bpvs {
namespace {

using scenario::Frame;

struct LeftToDevice : sim::SimEnv {
    using SimEnv::SimEnv;
    static bool sum_is_left_to_device(u32) { return true; }
};

bool is_right(const Frame& frame) {
    const std::string told = scenario::describe(frame);
    return told.substr(0, told.find("about")).find("WRONG") == std::string::npos;
}

TEST(Answer, is_right_before_and_after_a_device_finishes_what_it_quotes) {
    EXPECT_TRUE(rc::check([] {
        const bool v6 = scenario::any_family() == Family::v6;
        const auto end = [&](const char* name) { return scenario::parse_address((v6 ? "6" : "") + std::string(name)); };
        scenario::Packet p = scenario::any_packet(end("cip"), 40000, end("vip"), 80);
        p.sum = *rc::gen::arbitrary<u16>(); // of the pseudo header, or whatever it may be
        Frame frame = scenario::arriving(p);
        sim::Tables tables{{.connections = 1, .max_dests = 1, .max_services = 1, .max_words = 1}};
        sim::Routes routes;
        LeftToDevice env(tables, routes, frame, sim::Mac{});
        RC_ASSERT(answer(env, Reason::no_destination).reason == Reason::no_destination);
        RC_ASSERT(is_right(frame));

        const u32 transport = net::eth::size + (v6 ? 2 * 40 : 2 * 20) + net::icmp::size;
        const u32 left = env.sum(transport, static_cast<u32>(frame.size()) - transport);
        const u32 field = transport + (p.protocol == 6 ? net::tcp::check : net::udp::check);
        net::store(&frame[field], static_cast<Be16>(left ^ 0xffffu));
        RC_ASSERT(is_right(frame));
    }));
}

} // namespace
} // namespace bpvs
