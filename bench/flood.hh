// What bpvs-flood-run and its programs (flood.bpf.cc) share.
#pragma once

#include "bench/flows.hh"

namespace bpvs::bench {

constexpr u32 flood_frame = 64; ///< bytes, without the frame check sequence
constexpr u32 flood_most_lanes = 8;

/// What to send, and what counts as received.
struct FloodWork {
    FlowPackets packets;
    u32 lanes; ///< flow N leaves through lane N % lanes
    u32 lane[flood_most_lanes];
    u32 expect_source; ///< the address that is looked at is the source, else the destination …
    Be32 expected_net; ///< … of frames that are counted where they end
    Be32 expected_mask;
    u32 redirect_to; ///< interface of the programs that only redirect
};

} // namespace bpvs::bench
