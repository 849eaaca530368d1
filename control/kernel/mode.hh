// Where a director sits on an interface, and why: always at tc, which can do everything, and in front of it at XDP
// where the driver does that by itself and it pays. Decided from facts alone.
#pragma once

#include "control/kernel/device.hh"
#include "core/model/xdp.hh"

namespace bpvs::kernel {

/// Why XDP cannot stand on this interface, or would misread its frames; empty: it can.
std::string why_not_xdp(const Interface& i, const Device& d);

struct Choice {
    bool xdp;
    std::string why;
};

/// What suits the interface when nobody says.
Choice choose_mode(const Interface& i, const Device& d);

/// The facts, for whom it may concern: "mlx5_core, 8 queues, MTU 1500, GRO on, TSO off".
std::string description(const Interface& i, const Device& d);

/// How XDP may send through an interface; `attached`: it stands on it, too.
XdpPort port_of(const Interface& i, const Device& d, bool attached);

/// Why what XDP sends through it would be lost; empty: it is not.
std::string why_lost(const Interface& i, const Device& d, bool attached);

} // namespace bpvs::kernel
