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

/// Its ServiceKind, as far as packets must know. To FTP's servers, too, packets go to other ports than the service's.
inline u32 kind_of(const Service& s) {
    if (s.fwmark != 0)
        return mark_kind;
    return s.persistence != 0 && (s.vport == Be16{} || s.vport == to_be16(21)) ? wide_kind : one_port_kind;
}

/// One more service that packets may ask for.
inline void offer(Offered& o, const ServiceKey& key, const Service& s) {
    const u32 kind = kind_of(s);
    o.kinds |= kind;
    if (kind == mark_kind)
        return;
    const OfferedBits bits = offered_bits(key.vip, key.vport);
    for (const u32 bit : {bits.first, bits.second})
        o.ports[bit / 32] |= 1u << bit % 32;
}

inline Offered all_of(Offered a, const Offered& b) {
    a.kinds |= b.kinds;
    for (std::size_t i = 0; i < std::size(a.ports); i++)
        a.ports[i] |= b.ports[i];
    return a;
}

} // namespace bpvs
