// What the parts of Director share.
#pragma once

#include "control/director.hh"
#include "control/ledger.hh"
#include "control/names.hh"
#include "control/publish.hh"
#include "control/sets.hh"

#include <fmt/format.h>

namespace bpvs {

inline u64 picks_of(Store& store, u32 service) {
    return __atomic_load_n(&store.cursors()[service].picks, __ATOMIC_RELAXED);
}

/// Index into counters, rates and zeros.
inline u32 counter_of_service(Store& store, u32 service) { return store.config().max_dests + service; }

/// Packets to other ports than its own may be for it: a service on all ports, or FTP's data.
inline bool is_wide(const Service& s) {
    return s.fwmark == 0 && s.persistence != 0 && (s.vport == Be16{} || s.vport == to_be16(21));
}

} // namespace bpvs
