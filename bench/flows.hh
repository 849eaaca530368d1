// Packets of many flows, one after the other: what user space and the BPF programs (flows_bpf.hh) share.
#pragma once

#include "core/model/types.hh"

namespace bpvs::bench {

constexpr u32 flow_headers = 54;              ///< Ethernet, IPv4, TCP; of UDP some of the data, too
constexpr u32 flow_ports = 32768;             ///< of one client address
constexpr u16 flow_first_port = 1024;         ///< flow N is of port N % flow_ports after this one …
constexpr u32 flow_most = 1u << 22;           ///< … and of the address N / flow_ports after the first
constexpr u32 flow_first_client = 0x0a000001; // 10.0.0.1

struct FlowPackets {
    alignas(u64) u8 headers[flow_headers + 2]; ///< of flow 0, with right sums
    u32 flows;
    u32 stride;     ///< from a packet's flow to the next one's; has no divisor in common with `flows`
    u32 tcp;        ///< else UDP
    u32 to_clients; ///< replies: the client is the destination
};

/// What the programs of stream.bpf.cc go on to, by its place in a table.
enum StreamEnd : u32 { stream_measured, stream_empty, stream_ends };

} // namespace bpvs::bench
