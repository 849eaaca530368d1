// Follows every packet of one connection over the six hops and says what is not as it must be.
//
// Requests are followed over hops 1 to 3, replies over hops 4 to 6. At each hop a packet must have
// the addresses, ports and MACs of the hop's rule; from hop to hop its TTL falls by one and
// nothing else changes but checksums, which must be right (or left partial to the device).
#pragma once

#include "lab/capture.hh"
#include "lab/roles.hh"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace bpvs::lab {

struct HopResult {
    std::optional<Packet> first; ///< the first packet of the connection seen at this hop
    std::size_t packets = 0;
    std::vector<std::string> differences; ///< sentences; empty: all is as it must be
};

struct Walk {
    std::array<HopResult, hop_count> hops;
    bool ok() const;
};

/// The captures must hold no other TCP connection.
Walk check_walk(const std::array<Capture, hop_count>& captures, const Roles& roles);

/// The walk in the tutorial's words, a verdict after each hop.
std::string describe(const Walk& walk, const Roles& roles);

} // namespace bpvs::lab
