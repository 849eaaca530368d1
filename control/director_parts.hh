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

} // namespace bpvs
