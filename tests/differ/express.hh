// Frames as packet expressions of scenarios.
#pragma once

#include "tests/differ/plan.hh"

namespace bpvs::differ {

/// An expression of which leaving() makes exactly this frame; nullopt: there is none here.
std::optional<std::string> expression(const Frame& frame, const Topology& topology);
Frame frame_of_hex(std::string_view text);

} // namespace bpvs::differ
