// The one list of reasons. Every packet is counted under exactly one; the enum, the counters, the
// listing of `bpvs status` and docs/reasons.md are all generated from it.
//
// X(name, action, text): action is what became of the packet:
//   pass     left untouched for the kernel's stack
//   forward  rewritten and sent on its way
//   stack    rewritten and handed to the kernel's stack, which forwards it or answers with ICMP
//   drop     dropped
//   answer   an ICMP error about it takes its place and goes back to its sender
#pragma once

#include "core/model/types.hh"

// clang-format off
#define BPVS_REASONS(X)                                                                                              \
    X(inert,             pass,    "no service is configured")                                                        \
    X(not_for_us,        pass,    "the frame is not addressed to this host, or carries a VLAN tag")                  \
    X(not_ip,            pass,    "neither IPv4 nor IPv6")                                                                        \
    X(malformed,         pass,    "truncated or inconsistent headers")                                               \
    X(fragment,          pass,    "an IP fragment; fragments are not balanced yet")                                  \
    X(other_protocol,    pass,    "neither TCP, UDP, SCTP nor an ICMP error")                                        \
    X(no_service,        pass,    "no service and no connection matches")                                            \
    X(no_connection,     pass,    "for a TCP or SCTP service, but neither of a connection nor a SYN or INIT")        \
    X(icmp_unrelated,    pass,    "ICMP that is not an error about a connection of ours")                            \
    X(no_destination,    answer,  "for a service, but no destination can take a new connection: refused by ICMP, port unreachable") \
    X(stray,             answer,  "packet of a real server that belongs to no connection: refused by ICMP, as nat_icmp_send asks") \
    X(unanswered,        drop,    "refused, but not answered: an ICMP error, or of a sender that is no host, or there is no memory") \
    X(bypassed,          pass,    "for a service by mark that has no destination: left to the host's routing, as cache_bypass asks") \
    X(request_forwarded, forward, "request of an existing connection, sent to its destination")                      \
    X(reply_forwarded,   forward, "reply of an existing connection, sent to its client as from the VIP")             \
    X(new_connection,    forward, "first packet of a new connection, sent to the destination chosen")                \
    X(icmp_forwarded,    forward, "ICMP error about a connection, translated and sent on")                           \
    X(icmp_scheduled,    forward, "ICMP error about no connection, for which schedule_icmp opened one")             \
    X(request_to_stack,  stack,   "request rewritten and left to the stack: local destination, no route, TTL, fragmentation") \
    X(new_to_stack,      stack,   "first packet of a new connection, rewritten and left to the stack as above")      \
    X(icmp_to_stack,     stack,   "ICMP error translated and left to the stack")                                     \
    X(local_translated,  stack,   "packet of this host's own stack, translated on its way out")                      \
    X(reply_to_stack,    pass,    "reply that cannot be sent on (TTL, size, route): left as it is, the stack answers the server") \
    X(reply_too_long, drop, "reply longer than the MTU that may be fragmented; fragments are not made yet")            \
    X(server_removed,    drop,    "client data of a connection whose server was removed")                            \
    X(connection_reset,  drop,    "of a connection that is over: both its ends were sent a reset with this packet's numbers") \
    X(reply_expired,     drop,    "a server's packet of a connection that has ended")                                \
    X(drop_packet,       drop,    "new connection refused: the setting drop_packet drops some")                       \
    X(table_full,        drop,    "new connection refused: the connection table is full")                            \
    X(collision,         drop,    "new connection refused: the destinations tried already have a connection with the same reply tuple") \
    X(raced,             drop,    "another CPU was entering the same connection at this moment")                     \
    X(internal_error,    drop,    "a helper of the kernel failed while the packet was being rewritten")          \
    X(left_to_tc,        pass,    "at XDP only, and not counted: tc finishes the packet, and counts it under what becomes of it")
// clang-format on

namespace bpvs {

enum class Reason : u8 {
#define X(name, action, text) name,
    BPVS_REASONS(X)
#undef X
        count
};

/// The layout of the map `reasons`: by Reason, and from here on again by Reason what was finished at XDP. There,
/// left_to_tc has what was not.
constexpr u32 reasons_at_xdp = 64;
static_assert(static_cast<u32>(Reason::count) <= reasons_at_xdp);

enum class Action : u8 { pass, forward, stack, drop, answer };

[[gnu::always_inline]] constexpr Action action_of(Reason r) {
    switch (r) {
#define X(name, action, text) \
    case Reason::name:        \
        return Action::action;
        BPVS_REASONS(X)
#undef X
    case Reason::count:
        break;
    }
    return Action::pass;
}

} // namespace bpvs
