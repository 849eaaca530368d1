// The verdict on a packet: one reason, and for packets that are sent on, where.
#pragma once

#include "core/model/reasons.hh"
#include "core/model/types.hh"

namespace bpvs {

struct Verdict {
    Reason reason;
    u32 ifindex;       ///< forward: interface to send on
    Be32 next_hop;     ///< forward with by_neighbour: whom to resolve; zero: whom the kernel's route names
    bool by_neighbour; ///< forward: the kernel fills in the MAC addresses
};

[[gnu::always_inline]] constexpr Verdict verdict(Reason r) { return Verdict{r, 0, Be32{}, false}; }

} // namespace bpvs
