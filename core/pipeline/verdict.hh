// The verdict on a packet: one reason, and for packets that are sent on, where.
#pragma once

#include "core/model/reasons.hh"
#include "core/model/types.hh"

namespace bpvs {

/// Whom to resolve. It may be of another family than the packets (RFC 5549).
struct NextHop {
    Address addr;
    Family family; ///< none: whom the kernel's own route names
};

struct Verdict {
    Reason reason;
    u32 ifindex;       ///< forward: interface to send on
    NextHop next_hop;  ///< forward with by_neighbour
    bool by_neighbour; ///< forward: the kernel fills in the MAC addresses
};

[[gnu::always_inline]] constexpr Verdict verdict(Reason r) { return Verdict{r, 0, {}, false}; }

} // namespace bpvs
