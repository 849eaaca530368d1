// The verdict on a packet: one reason, and for packets that are sent on, where.
#pragma once

#include "core/model/reasons.hh"
#include "core/model/types.hh"

namespace bpvs {

/// Whom to resolve. It may be of another family than the packets (RFC 5549).
struct NextHop {
    u32 family; ///< Family
    Address addr;
};

struct Verdict {
    Reason reason;
    u32 ifindex;             ///< forward: interface to send on
    const NextHop* next_hop; ///< forward with by_neighbour: of the last Route; null: whom the kernel's own route names
    bool by_neighbour;       ///< forward: the kernel fills in the MAC addresses
};

/// What scheduling came to.
struct Scheduled {
    Reason reason; ///< new_connection, or why there is none
    bool again;    ///< collision: with another destination there may be one
    u32 conn;      ///< index of the new connection
};

[[gnu::always_inline]] constexpr Verdict verdict(Reason r) { return Verdict{r, 0, nullptr, false}; }

} // namespace bpvs
