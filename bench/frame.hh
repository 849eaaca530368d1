// The packets that are fed to the programs: TCP or UDP over IPv4 over Ethernet, 64 bytes.
#pragma once

#include "bench/flows.hh"
#include "lab/packet.hh"

#include <array>

namespace bpvs::bench {

using Frame = std::array<u8, 64>;

Frame make_tcp(const lab::Mac& to, const lab::Endpoint& source, const lab::Endpoint& destination, u8 flags, u8 ttl);
Frame make_udp(const lab::Mac& to, const lab::Endpoint& source, const lab::Endpoint& destination, u8 ttl);

/// The packets of many flows, from the first one's. `apart`: flows that follow each other lie apart in every table.
FlowPackets packets_of(const Frame& flow_0, u32 flows, bool apart, bool to_clients);

} // namespace bpvs::bench
