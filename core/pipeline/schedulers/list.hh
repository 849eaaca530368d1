// The schedulers that look for the least load: lc, wlc, sed, nq, fo, ovf.
//
// All of them want the least load for its weight; they differ in what they call load. Loads are compared as
// IPVS compares them, by cross product, and of equals the server added last wins. Servers of weight 0 and
// overloaded ones are passed over.
//
// lc:  connections, an active one counting as 256 inactive ones; weights do not matter.
// wlc: the same, divided by the weight.
// sed: active connections and the one to come, divided by the weight.
// nq:  the first server without an active connection; if there is none, as sed.
// fo:  the highest weight, whatever the load.
// ovf: the highest weight among the servers with no more active connections than their weight.
//
// Cost: here one step per server; groups.hh spares most of them in long lists. Counts are read while other CPUs
// schedule: each connection is counted by one atomic addition before the next one of its CPU is scheduled, so a count
// is never wrong, only as old as the scheduling that goes on at the same moment, as in IPVS.
#pragma once

#include "core/model/service.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/schedulers/workspace.hh"

namespace bpvs {

/// IPVS's connection overhead.
[[gnu::always_inline]] inline u64 overhead(const Dest& d) { return (u64{d.active} << 8) + d.inactive; }

// active, inactive, idle, busy, weighted, most, gap, threshold. Functions: constants would become a table in memory.
constexpr Measure least_connections() { return {256, 1, 0, 0, 0, 0, 0, 1}; }
constexpr Measure weighted_connections() { return {256, 1, 0, 0, 1, 0, 0, 1}; }
constexpr Measure expected_delay() { return {1, 0, 1, 1, 1, 0, 0, 1}; }
constexpr Measure never_queue() { return {1, 0, 0, 1, 1, 0, 0, 1}; }
constexpr Measure failover() { return {0, 0, 1, 1, 1, 0, 0, 1}; }
constexpr Measure overflow() { return {0, 0, 1, 1, 1, 1, 0, 1}; }
constexpr Measure half_idle() {
    return {0, 0, 0, 0, 1, 2, 1, 0};
} // for lblc; any server will do, also one over its threshold

/// Takes a server that is better than the best one yet.
[[gnu::always_inline]] inline void prefer(Least& best, const Least& other) {
    const u64 its = other.load * best.share;
    const u64 old = best.load * other.share;
    if (its < old || (its == old && other.place < best.place))
        best = other;
}

/// Looks at a server. False: it is the best there can be, of those that come later.
[[gnu::always_inline]] inline bool consider(const Dest& d, u32 id, u32 weight, u32 place, const Measure& by,
                                            Least& best) {
    const u64 active = d.active;
    // Arithmetic, since each branch would be another path for the verifier.
    u64 needed = active * by.most + by.gap;
    needed += (needed - 1) >> 63;                // 1 at least
    needed |= -u64{d.overloaded & by.threshold}; // more than any
    if (weight < needed)
        return true;
    const u64 idle = (active - 1) >> 32; // all ones, or zero
    const u64 load = active * by.active + u64{d.inactive} * by.inactive + (by.idle & idle) + (by.busy & ~idle);
    prefer(best, Least{id, place, load, u64{weight - 1} * by.weighted + 1});
    return best.load != 0; // nobody has less than nothing
}

/// A server of a list: the first two words of its SetEntry.
struct Listed {
    u32 id;
    u32 weight;
};

/// False: the list does not go that far.
template <class T>
[[gnu::always_inline]] inline bool read_listed(T& t, u32 list, u32 place, Listed& to) {
    u64 pair = 0;
    if (!t.pair(list + place * set_entry_words, &pair))
        return false;
    to = Listed{static_cast<u32>(pair), static_cast<u32>(pair >> 32)};
    return true;
}

/// Looks at entry `i`. False: the search is over.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32 i, const Workspace& w, ListSearch& s) {
    Listed listed{};
    if (!read_listed(t, s.list, i, listed))
        return false;
    const Dest* d = t.dest(listed.id);
    if (!d)
        return false;
    if (!s.any && has_tried(w.tried, listed.id))
        return true;
    return consider(*d, listed.id, listed.weight, i, w.by, s.best);
}

} // namespace bpvs
