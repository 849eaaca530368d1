// What the device behind an interface is, and what it does by itself.
#pragma once

#include "control/kernel/interfaces.hh"

#include <map>
#include <optional>
#include <string>

namespace bpvs::kernel {

/// Bits that the kernel has for what a driver does at XDP (uapi linux/netdev.h).
enum XdpFeature : u64 {
    xdp_basic = 1,
    xdp_redirect = 2,
    xdp_takes_redirected = 4,
    xdp_in_parts = 32, ///< frames in several buffers
    xdp_takes_parts = 64,
};

struct Device {
    std::string driver; ///< empty: it has none
    bool hardware = false;
    u32 queues = 0; ///< that receive
    bool gro = false;
    bool lro = false;
    bool tso = false;
    bool strips_vlans = false;
    std::optional<u64> xdp; ///< XdpFeatures; nothing: the kernel does not tell (before 6.3)
};

/// By interface index; empty: the kernel does not tell.
std::map<u32, u64> xdp_features();

Device device_of(const Interface& i, const std::map<u32, u64>& features);

} // namespace bpvs::kernel
