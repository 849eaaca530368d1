// What a Linux host that routes, and on which nothing listens, does with a frame that its director left to it.
#pragma once

#include "tests/scenarios/lib/bench.hh"

namespace bpvs::scenario {

/// The frames that it sends. Throws Unavailable where that would be about TTL or length, of which it knows nothing.
std::vector<Seen> answer_of_stack(const Topology& topology, const Link& on, const Frame& frame);

/// The link that a frame was sent through, by its source MAC address.
const Link& sender(const Topology& topology, const Frame& frame);

/// The frame without what a stack chooses at random in packets of its own: the IP id, in IPv6 the flow label. Its own
/// are those with a TTL of 64: all others were routed.
Frame without_chance(Frame frame);

} // namespace bpvs::scenario
