// What the XDP program is told about interfaces: the layout of the map `xdp_ports`.
#pragma once

#include "core/model/types.hh"

namespace bpvs {

enum XdpPortFlag : u16 {
    port_sends = 1,       ///< what is redirected to it is not lost
    port_sends_parts = 2, ///< nor are frames in several buffers
    port_returns = 4,     ///< what has arrived on it can be sent back through it
    port_known = 8,       ///< there is such an interface
};

/// Value of `xdp_ports`, by interface index; written by one store.
struct alignas(8) XdpPort {
    u8 mac[6]; ///< frames to another one are not ours to look at
    u16 flags; ///< XdpPortFlag
};
static_assert(sizeof(XdpPort) == 8);

/// Interface indexes from here on are tc's alone. An array, since a hash would cost each packet two of its lookups.
constexpr u32 max_xdp_ports = 1u << 16;

} // namespace bpvs
