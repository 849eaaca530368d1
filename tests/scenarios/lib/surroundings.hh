// A topology in the current network namespace, for the worlds that a kernel runs: each link is a veth pair, LINK and
// LINK-peer, whose peer has no address and answers nothing.
#pragma once

#include "tests/scenarios/lib/topology.hh"

namespace bpvs::scenario {

/// Moves the process into a network namespace of its own. Throws Unavailable.
void enter_new_namespace();
/// Throws Wrong.
void write_file(const std::string& path, const std::string& value);
void build_surroundings(const Topology& topology);
/// From those of one scenario to those of the next: MTUs, neighbours and unreachable networks, all that a scenario
/// says.
void change_surroundings(const Topology& from, const Topology& to);

} // namespace bpvs::scenario
