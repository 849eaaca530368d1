// The schedulers that hash: sh (client's address), dh (destination's address), mh (client's address).
//
// The control library fills a table of buckets (control/rotation_hash.cc) with indices into the service's list; a
// connection hashes into a bucket. One table of IPVS's size and filling, one hash of IPVS's: the same client gets
// the same server from both. IPv6 addresses are folded to 32 bits by exclusive or.
//
// sh: 256 buckets filled in the list's order, each server taking as many in a row as it weighs. With the flag
//     sh-port the client's port is hashed too. A bucket whose server cannot take connections refuses the client,
//     with sh-fallback the following buckets are tried.
// dh: 256 buckets, one for each server in turn; weights do not matter.
// mh: Maglev: 4093 buckets filled by each server's own permutation of them, in proportion to the weights; a change
//     of servers moves few clients. mh-port and mh-fallback as with sh, fallback by hashing again.
//
// Cost: one hash and one bucket, whatever the number of servers; with fallback, as many buckets as it takes.
// Nothing is counted or remembered, so CPUs cannot race.
#pragma once

#include "core/model/hashes.hh"
#include "core/pipeline/schedulers/list.hh"

namespace bpvs {

constexpr u32 flag_fallback = 0x8; ///< -b sh-fallback, mh-fallback (IP_VS_SVC_F_SCHED1)
constexpr u32 flag_port = 0x10;    ///< -b sh-port, mh-port (IP_VS_SVC_F_SCHED2)

/// Looks at the bucket of try `i`. False: the search is over.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32 i, const Workspace& w, BucketSearch& s) {
    u32 bucket = 0;
    if (s.scheduler == Scheduler::mh)
        bucket = i == 0 ? s.start : maglev_bucket(s.number + (i - 1 + s.start) % maglev_buckets);
    else
        bucket = i == 0 ? s.start : (i - 1 + 2 * s.start) % hash_buckets;
    u32 entry = 0;
    u32 id = 0;
    u32 weight = 0;
    if (!t.word(s.buckets + bucket, &entry))
        return false;
    const u32 at = s.list + entry * set_entry_words;
    if (!t.word(at, &id) || !t.word(at + 1, &weight))
        return false;
    const Dest* d = t.dest(id);
    if (!d)
        return false;
    if (weight == 0 || d->overloaded || has_tried(w.tried, id))
        return true;
    s.best = id;
    return false;
}

/// The destination of the client's or the destination's bucket; no_id: it cannot take the connection. A connection
/// that it cannot take for its ports alone goes on to the next buckets in any case.
template <class T>
[[gnu::always_inline]] inline u32 by_hash(T& t, const Service& service, const Flow& flow, Workspace& w) {
    if (service.cycle == 0)
        return no_id;
    const bool destination = service.scheduler == Scheduler::dh;
    u32 number = fold_address(destination ? flow.daddr : flow.saddr);
    if (!destination && (service.sched_flags & flag_port))
        number += from_be16(flow.sport);
    const bool maglev = service.scheduler == Scheduler::mh;
    w.buckets = BucketSearch{service.set_offset,
                             service.set_offset + service.entries * set_entry_words,
                             number,
                             maglev ? maglev_bucket(number) : golden_hash(number),
                             no_id,
                             service.scheduler,
                             {}};
    const bool goes_on = w.tried.count != 0 || (!destination && (service.sched_flags & flag_fallback));
    u32 buckets = 1;
    if (goes_on)
        buckets += maglev ? maglev_buckets : hash_buckets;
    t.walk(buckets, w.buckets);
    return w.buckets.best;
}

} // namespace bpvs
