// What ingress() and front() leave undone, by functions of their own: what belongs to no connection is looked for a
// service; and rare things, which read the packet anew.
#pragma once

#include "core/pipeline/answer.hh"
#include "core/pipeline/open.hh"
#include "core/pipeline/related.hh"
#include "core/pipeline/reset.hh"

namespace bpvs {

/// Is a packet that is refused for this reason answered, or perhaps not refused at all?
[[gnu::always_inline]] constexpr bool is_answered(Reason reason) {
    return action_of(reason) == Action::answer || reason == Reason::bypassed;
}

/// Is there more to do for a packet? Services are unknown to ingress() and front(), ICMP to ingress(); resets it only
/// asks for.
[[gnu::always_inline]] constexpr bool is_unfinished(Reason reason) {
    return is_answered(reason) || reason == Reason::no_service || reason == Reason::icmp_unrelated ||
           reason == Reason::connection_reset;
}

/// What becomes of an unfinished packet in the end. `steps` are the functions of these names, called in the way that
/// suits the world; what the last one of them returns is returned.
template <class Steps>
[[gnu::always_inline]] inline auto finish(Steps steps, Reason reason) {
    if (reason == Reason::no_service) {
        reason = steps.open();
        if (reason == Reason::new_connection)
            return steps.pass_opened();
    } else if (reason == Reason::icmp_unrelated) {
        return steps.related();
    } else if (reason == Reason::connection_reset) {
        return steps.reset();
    }
    return is_answered(reason) ? steps.answer(reason) : steps.refuse(reason);
}

/// The same for a packet in front of another world.
template <class Steps>
[[gnu::always_inline]] inline auto finish_in_front(Steps steps) {
    const Reason reason = steps.open();
    return reason == Reason::new_connection ? steps.pass_opened() : steps.refuse(reason);
}

} // namespace bpvs
