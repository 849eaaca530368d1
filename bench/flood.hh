// What bpvs-flood-run and its programs (flood.bpf.cc) share.
#pragma once

#include "core/model/types.hh"

namespace bpvs::bench {

constexpr u32 flood_frame = 64;            ///< bytes, without the frame check sequence
constexpr u32 flood_headers = 42;          ///< Ethernet, IPv4, UDP
constexpr u32 flood_ports = 32768;         ///< of one client address
constexpr u16 flood_first_port = 1024;     ///< flow N comes from port N % flood_ports after this one …
constexpr u32 flood_most_flows = 1u << 22; ///< … and the address N / flood_ports after the first

/// What to send, and what counts as received.
struct FloodWork {
    u8 headers[flood_headers + 2]; ///< of flow 0, with right sums
    u32 flows;
    Be32 expected_net; ///< of the destination address of frames that are counted where they end
    Be32 expected_mask;
    u32 redirect_to; ///< interface of the programs that only redirect
};

} // namespace bpvs::bench
