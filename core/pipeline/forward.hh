// Forwarding: where a packet leaves, and what happens when it cannot.
//
// The kernel's FIB and neighbour tables decide; the answer is kept in the connection for a second, or until all
// services were changed at once. What needs the stack's help goes to the stack: a request already rewritten, so that
// the stack delivers it locally, fragments it or answers with the right ICMP error; a reply as it came, because
// rewritten it would have a local source address and be refused. A neighbour that is not resolved yet is the kernel's
// business too: it queues the packet, asks, and for requests tells the client when nobody answers.
#pragma once

#include "core/net/icmp.hh"
#include "core/net/rewrite.hh"
#include "core/pipeline/connection.hh"
#include "core/pipeline/verdict.hh"

namespace bpvs {

enum class Leave : u8 { direct, by_neighbour, too_long, stack };

/// Is what the kernel said about this way still to be believed?
[[gnu::always_inline]] inline bool is_fresh(const Egress& egress, const Config& config, u32 now) {
    return egress.ifindex != 0 && now - egress.checked < config.hz &&
           egress.generation == static_cast<u16>(config.in_force.generation);
}

/// How a packet leaves through `egress`, asking the kernel when the cached answer is old.
template <class E>
[[gnu::always_inline]] inline Leave find_way(E& e, const Config& config, const RouteQuery& query, Egress& egress,
                                             Verdict& v) {
    const u32 now = static_cast<u32>(e.now());
    if (!is_fresh(egress, config, now)) {
        const Route* route = e.route(query);
        egress.ifindex = 0;
        if (!route || route->status == RouteStatus::stack)
            return Leave::stack;
        if (route->status == RouteStatus::too_long)
            return Leave::too_long;
        if (route->status == RouteStatus::no_neighbour) {
            v.ifindex = route->egress.ifindex;
            v.next_hop = &route->next_hop;
            v.by_neighbour = true;
            return Leave::by_neighbour;
        }
        egress = route->egress;
        egress.checked = now;
        egress.generation = static_cast<u16>(config.in_force.generation);
    }
    if (query.length > egress.mtu)
        return Leave::too_long;
    v.ifindex = egress.ifindex;
    return Leave::direct;
}

constexpr u32 dmac_in_egress = __builtin_offsetof(Egress, dmac);
static_assert(dmac_in_egress % 4 == 2 && __builtin_offsetof(Egress, smac) == dmac_in_egress + 6 && net::eth::dst == 0 &&
              net::eth::src == 6);

template <class E>
[[gnu::always_inline]] inline bool write_macs(E& e, const Egress& egress) {
    u8* frame = e.at(0, net::eth::type);
    if (!frame)
        return false;
    // In both places the addresses begin 2 bytes behind a multiple of 4: in between they are whole words.
    const u8* from = static_cast<const u8*>(__builtin_assume_aligned(&egress, alignof(Egress))) + dmac_in_egress;
    __builtin_memcpy(frame, from, 2);
    __builtin_memcpy(frame + 2, from + 2, 8);
    __builtin_memcpy(frame + 10, from + 10, 2);
    return true;
}

/// find_way() for a client's packet. What the kernel has just said about the way to this destination, to another of its
/// connections, is as good: IPVS, too, keeps it with the destination, whoever sends. A type of service is asked for
/// anew.
template <class E>
[[gnu::always_inline]] inline Leave find_way_to_dest(E& e, const Config& config, const RouteQuery& query, Conn& c,
                                                     Verdict& v) {
    const u32 now = static_cast<u32>(e.now());
    Way* known = is_fresh(c.to_dest, config, now) || query.tos != 0 ? nullptr : e.way(c.dest_id);
    if (known && known->to == c.dest && known->family == static_cast<u32>(c.family) &&
        is_fresh(known->egress, config, now)) {
        c.to_dest = known->egress;
        known = nullptr;
    }
    const Leave leave = find_way(e, config, query, c.to_dest, v);
    if (known && leave == Leave::direct)
        *known = Way{c.dest, c.to_dest, static_cast<u32>(c.family), 0};
    return leave;
}

/// How a client's packet leaves for its connection's destination.
template <class E>
[[gnu::always_inline]] inline Leave way_of_request(E& e, const Config& config, const net::Packet& p, Conn& c,
                                                   Verdict& v) {
    const RouteQuery query{p.flow.saddr, c.dest,   p.flow.sport, c.dport,
                           c.protocol,   c.family, p.tos,        e.segment_length(p)};
    return p.ttl > 1 ? find_way_to_dest(e, config, query, c, v) : Leave::stack;
}

/// How a destination's packet leaves for the client.
template <class E>
[[gnu::always_inline]] inline Leave way_of_reply(E& e, const Config& config, const net::Packet& p, Conn& c,
                                                 Verdict& v) {
    const RouteQuery query{c.vip, c.client, c.vport, c.cport, c.protocol, c.family, p.tos, e.segment_length(p)};
    return p.ttl > 1 ? find_way(e, config, query, c.to_client, v) : Leave::stack;
}

/// What the VIP in place of the destination's address adds to a checksum.
[[gnu::always_inline]] inline u32 reply_change(const Conn& c) { return c.change ^ 0xffffu; }

/// Sends a client's packet to the connection's destination, as way_of_request() found.
template <class E>
[[gnu::always_inline]] inline Verdict send_request(E& e, const net::Packet& p, Conn& c, Leave leave, Verdict v,
                                                   Reason to_stack) {
    const bool sends = leave == Leave::direct || leave == Leave::by_neighbour;
    // What the stack is about to refuse for its length it quotes with the TTL of a forwarded packet, as IPVS.
    const bool decrement = sends || (leave == Leave::too_long && p.dont_fragment);
    if (!net::rewrite<net::Side::destination>(e, E::l3, p, c.dest, c.dport, c.change, decrement))
        return verdict(Reason::internal_error);
    if (!sends)
        return verdict(to_stack);
    if (leave == Leave::by_neighbour) {
        v.next_hop = nullptr; // by the kernel's own route: it then reports to the client when nobody answers
        return v;
    }
    return write_macs(e, c.to_dest) ? v : verdict(Reason::internal_error);
}

/// Sends a destination's packet to the client, as from the VIP and as way_of_reply() found.
template <class E>
[[gnu::always_inline]] inline Verdict send_reply(E& e, const net::Packet& p, Conn& c, Leave leave, Verdict v) {
    // Without DF the stack would fragment it and send it on under the destination's own address.
    if (leave == Leave::too_long && !p.dont_fragment)
        return verdict(Reason::reply_too_long);
    if (leave == Leave::too_long || leave == Leave::stack)
        return verdict(Reason::reply_to_stack);
    if (!net::rewrite<net::Side::source>(e, E::l3, p, c.vip, c.vport, reply_change(c), true))
        return verdict(Reason::internal_error);
    if (leave == Leave::by_neighbour)
        return v;
    return write_macs(e, c.to_client) ? v : verdict(Reason::internal_error);
}

} // namespace bpvs
