// The schedulers that look at every server of the list: lc, wlc, sed, nq, fo, ovf.
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
// Cost: one step per server, so it grows with the list. Counts are read while other CPUs schedule: each
// connection is counted by one atomic addition before the next one of its CPU is scheduled, so a count is never
// wrong, only as old as the scheduling that goes on at the same moment, as in IPVS.
#pragma once

#include "core/model/service.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/schedulers/workspace.hh"

namespace bpvs {

/// IPVS's connection overhead.
[[gnu::always_inline]] inline u64 overhead(const Dest& d) { return (u64{d.active} << 8) + d.inactive; }

/// Looks at entry `i`. False: the search is over.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32 i, const Workspace& w, ListSearch& s) {
    u32 id = 0;
    u32 weight = 0;
    const u32 at = s.first + i * set_entry_words;
    if (!t.word(at, &id) || !t.word(at + 1, &weight))
        return false;
    const Dest* d = t.dest(id);
    if (!d)
        return false;
    if (s.by == Measure::half_idle) { // any server will do, also one that may take no connection
        if (u64{d->active} * 2 >= weight)
            return true;
        s.best = id;
        return false;
    }
    if (weight == 0 || d->overloaded || has_tried(w.tried, id))
        return true;

    u64 load = 1;
    u64 share = weight;
    switch (s.by) {
    case Measure::connections:
        load = overhead(*d);
        share = 1;
        break;
    case Measure::weighted_connections:
        load = overhead(*d);
        break;
    case Measure::never_queue:
    case Measure::expected_delay:
        load = u64{d->active} + 1;
        if (s.by == Measure::never_queue && load == 1) {
            s.best = id;
            return false;
        }
        break;
    case Measure::overflow:
        if (d->active > weight)
            return true;
        break;
    case Measure::failover:
    case Measure::half_idle:
        break;
    }
    if (s.best == no_id || load * s.share < s.load * share) {
        s.best = id;
        s.load = load;
        s.share = share;
    }
    return true;
}

/// The best destination of the list by `by`; no_id: there is none.
template <class T>
[[gnu::always_inline]] inline u32 best_of(T& t, const Service& service, Workspace& w, Measure by) {
    w.list = ListSearch{service.set_offset, by, no_id, 0, 0, 1};
    t.walk(service.entries, w.list);
    return w.list.best;
}

} // namespace bpvs
