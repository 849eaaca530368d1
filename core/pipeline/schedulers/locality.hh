// The schedulers for caches: lblc and lblcr keep the connections to one destination address on one server, or
// on a set of servers, as long as these are not overloaded.
//
// lblc:  an address stays with its server until that one has more active connections than its weight while
//        another has fewer than half of its weight; then, or when the server cannot be used, the address moves
//        to the server that wlc chooses.
// lblcr: an address has a set of servers, of which the least loaded takes the connection. When that one is
//        overloaded as above, wlc's choice joins the set. A set that has not changed for lblcr_expiration loses its
//        most loaded server.
//
// What is remembered is a cache: an address that has not been used for lblc_expiration or lblcr_expiration, or that
// made room for others, is scheduled anew, and so are all when the service gets its scheduler anew. CPUs that schedule
// the same address at once may both write its entry: the later one stands, and no connection is affected. Cost: one
// lookup and a look at each server of the set, for lblcr two; wlc's where an address moves, and before that a walk over
// the list as far as the first server that is half idle.
#pragma once

#include "core/pipeline/schedulers/groups.hh"

namespace bpvs {

/// Jiffies after which an address, or the size of its set, is too old.
[[gnu::always_inline]] inline u64 locality_time(const Config& config, const Service& service) {
    const u32 seconds =
        service.scheduler == Scheduler::lblc ? config.settings.lblc_expiration : config.settings.lblcr_expiration;
    return u64{seconds} * config.hz;
}

template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32 i, const Workspace& w, MemberSearch& s) {
    const u32 id = w.set.dests[i & (locality_members - 1)];
    const Dest* d = t.dest(id);
    if (!d)
        return false;
    const u32 place = s.side ? d->place[1] : d->place[0];
    Listed listed{};
    if (place >= s.entries || !read_listed(t, s.list, place, listed) || listed.id != id || listed.weight == 0)
        return true;
    const u32 weight = listed.weight;
    if (!s.most && (has_tried(w.tried, id) || (s.whole && d->overloaded)))
        return true;
    const u64 load = overhead(*d);
    const u64 a = load * s.weight;
    const u64 b = s.load * weight;
    const bool ahead = s.most ? a > b : a < b;
    if (s.best == no_id || ahead || a == b) { // of equals the one that joined last
        s.best = id;
        s.weight = weight;
        s.load = load;
    }
    return true;
}

[[gnu::always_inline]] inline MemberSearch& begin_search(Workspace& w, const Service& service, u32 most) {
    MemberSearch& s = w.members;
    s.list = service.set_offset;
    s.entries = service.entries;
    s.side = service.side;
    s.most = most;
    s.best = no_id;
    s.weight = 1;
    s.whole = service.scheduler == Scheduler::lblcr;
    s.load = 0;
    return s;
}

/// Has `id` more active connections than its weight while another server is half idle?
template <class T>
[[gnu::always_inline]] inline bool has_too_many(T& t, const Service& service, Workspace& w, u32 id, u32 weight) {
    const Dest* d = t.dest(id);
    if (!d || d->active <= weight)
        return false;
    w.by = half_idle();
    return best_of(t, service, w) != no_id;
}

/// Takes the most loaded server out of a set that has not changed for lblcr_expiration.
template <class T>
[[gnu::always_inline]] inline void shrink(T& t, const Config& config, const Service& service, Workspace& w) {
    Locality& set = w.set;
    if (set.count <= 1 || t.now() - set.modified <= locality_time(config, service))
        return;
    MemberSearch& search = begin_search(w, service, 1);
    t.walk(set.count, search);
    if (search.best == no_id)
        return;
    bool found = false;
    for (u32 k = 0; k + 1 < locality_members; k++) {
        found |= set.dests[k] == search.best;
        if (found)
            set.dests[k] = set.dests[k + 1];
    }
    set.count--;
    set.modified = t.now();
}

/// `id` joins the set as its newest member; a full set loses its oldest.
template <class T>
[[gnu::always_inline]] inline void join(T& t, const Service& service, Locality& set, u32 id) {
    for (u32 k = 0; k < locality_members; k++)
        if (k < set.count && set.dests[k] == id)
            return;
    if (service.scheduler == Scheduler::lblc)
        set.count = 0;
    if (set.count >= locality_members) {
        for (u32 k = 0; k + 1 < locality_members; k++)
            set.dests[k] = set.dests[k + 1];
        set.count = locality_members - 1;
    }
    for (u32 k = 0; k < locality_members; k++)
        if (k == set.count)
            set.dests[k] = id;
    set.count++;
    set.modified = t.now();
}

/// The server for the flow's destination address; no_id: there is none.
template <class T>
[[gnu::always_inline]] inline u32 by_locality(T& t, const Config& config, const Service& service, const Flow& flow,
                                              Workspace& w) {
    w.key.daddr = flow.daddr;
    w.key.service = service.id;
    Locality& set = w.set;
    const u64 now = t.now();
    const Locality* known = t.find_locality(w.key);
    if (known && known->use == service.current_weight && now - known->used <= locality_time(config, service))
        set = *known;
    else
        set.count = 0;
    set.use = service.current_weight;
    set.used = now;

    u32 chosen = no_id;
    if (set.count != 0) {
        MemberSearch& search = begin_search(w, service, 0);
        t.walk(set.count, search);
        const u32 least = search.best;
        const u32 weight = search.weight;
        if (service.scheduler == Scheduler::lblcr)
            shrink(t, config, service, w);
        if (least != no_id && !has_too_many(t, service, w, least, weight))
            chosen = least;
    }
    if (chosen == no_id) {
        w.by = weighted_connections();
        chosen = best_of(t, service, w);
        if (chosen == no_id)
            return no_id;
        join(t, service, set, chosen);
    }
    t.put_locality(w.key, set);
    return chosen;
}

} // namespace bpvs
