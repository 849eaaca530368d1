// libtins as an independent judge of frames.
#pragma once

#include "tests/scenarios/lib/packet.hh"

namespace bpvs::scenario {

/// True when libtins, given the fields of this IPv4 frame, computes the very same lengths and checksums.
bool tins_agrees(const Frame& frame);

} // namespace bpvs::scenario
