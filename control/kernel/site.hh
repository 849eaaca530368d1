// The place of the current network namespace's director, as one command finds and holds it.
#pragma once

#include "control/kernel/interfaces.hh"
#include "control/kernel/kernel_store.hh"
#include "control/kernel/place.hh"
#include "control/kernel/xdp.hh"

#include <memory>
#include <string>
#include <vector>

namespace bpvs::kernel {

/// One command's hold on the place of the current namespace's director.
struct Site {
    Place place;
    u64 cookie;
    Fd lock; ///< closed: unlocked

    std::string directory() const { return place.path(cookie); }
};

/// create: makes the place; locked: waits until no other command changes the director.
Result<Site> open_site(bool create, bool locked);
XdpHook xdp_of(const Site& site);

/// The store of the director, or null when no complete one is there.
Result<std::unique_ptr<KernelStore>> find_store(const Site& site);

/// Those of these names, each of which must suit; of no names: all that suit.
Result<std::vector<Interface>> chosen_interfaces(const std::vector<std::string>& names);

std::string version_text(u32 version);
/// Why this binary's XDP program may not stand before the director's at tc; empty: it may.
std::string too_old_for(const Config& loaded);
/// Are this binary's programs to replace the director's?
bool newer_than(const Config& loaded);
/// recover() is to follow.
Result<void> upgrade_in_place(const Site& site, KernelStore& store);

} // namespace bpvs::kernel
