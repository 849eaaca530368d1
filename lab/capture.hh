// Reads what tcpdump wrote at one hop.
#pragma once

#include "lab/packet.hh"

#include <expected>
#include <string>
#include <vector>

namespace bpvs::lab {

struct Capture {
    std::vector<Packet> packets; ///< TCP over IPv4, in the order of capture; both directions
    std::size_t malformed = 0;
};

/// The error is a sentence.
std::expected<Capture, std::string> read_capture(const std::string& path);

} // namespace bpvs::lab
