// What ingress() decides but has no room for: rare things, done by functions of their own that read the packet anew.
#pragma once

#include "core/pipeline/answer.hh"
#include "core/pipeline/schedule_related.hh"

namespace bpvs {

/// Is there more to do for a packet than ingress() did?
[[gnu::always_inline]] constexpr bool is_unfinished(Reason reason) {
    return action_of(reason) == Action::answer || reason == Reason::bypassed || reason == Reason::icmp_scheduled;
}

/// The verdict in the end.
template <class E>
[[gnu::always_inline]] inline Verdict finish(E& e, const Config& config, Reason reason) {
    if (reason != Reason::icmp_scheduled)
        return answer(e, reason);
    reason = open_related(e, config);
    return reason == Reason::icmp_scheduled ? send_opened(e, config) : verdict(reason);
}

} // namespace bpvs
