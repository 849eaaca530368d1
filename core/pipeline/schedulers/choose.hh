// The one place that knows which scheduler chooses how.
#pragma once

#include "core/pipeline/schedulers/groups.hh"
#include "core/pipeline/schedulers/hash.hh"
#include "core/pipeline/schedulers/locality.hh"
#include "core/pipeline/schedulers/round_robin.hh"
#include "core/pipeline/schedulers/twos.hh"

namespace bpvs {

/// The destination for a new connection of `flow`, none of Workspace::tried; no_id: none can take it.
template <class T>
[[gnu::always_inline]] inline u32 choose(T& t, const Config& config, const Service& service, const Flow& flow,
                                         Workspace& w) {
    switch (service.scheduler) {
    case Scheduler::rr:
    case Scheduler::wrr:
        return next_in_sequence(t, service, w);
    case Scheduler::sh:
    case Scheduler::dh:
    case Scheduler::mh:
        return by_hash(t, service, flow, w);
    case Scheduler::lblc:
    case Scheduler::lblcr:
        return by_locality(t, config, service, flow, w);
    case Scheduler::twos:
        return best_of_two(t, service, w);
    case Scheduler::lc:
        w.by = least_connections();
        break;
    case Scheduler::wlc:
        w.by = weighted_connections();
        break;
    case Scheduler::sed:
        w.by = expected_delay();
        break;
    case Scheduler::nq:
        w.by = never_queue();
        break;
    case Scheduler::fo:
        w.by = failover();
        break;
    case Scheduler::ovf:
        w.by = overflow();
        break;
    case Scheduler::none:
        return no_id;
    }
    return best_of(t, service, w);
}

} // namespace bpvs
