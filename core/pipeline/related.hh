// Related ICMP: errors about a connection's packets, from either side.
#pragma once

#include "core/pipeline/account.hh"
#include "core/pipeline/forward.hh"
#include "core/pipeline/schedule.hh"

namespace bpvs {

/// The packet that an ICMP error embeds into `inner`; Reason::count when it is one of a connection that could be ours.
template <class E>
[[gnu::always_inline]] inline Reason read_related(E& e, const net::Packet& outer, net::Packet& inner) {
    const u8* header = e.at(outer.l4, net::icmp::size);
    if (!header)
        return Reason::malformed;
    if (!net::is_icmp_error(outer.flow.family, header[net::icmp::type]))
        return Reason::icmp_unrelated;
    if (net::parse_ip(e, outer.flow.family, outer.l4 + net::icmp::size, inner) != Reason::count)
        return Reason::icmp_unrelated;
    if (!net::has_ports(inner.flow))
        return Reason::icmp_unrelated;
    const u8* l4 = e.at(inner.l4, net::icmp::embedded_l4);
    if (!l4)
        return Reason::icmp_unrelated;
    inner.flow.sport = net::load<Be16>(l4);
    inner.flow.dport = net::load<Be16>(l4 + 2);
    return Reason::count;
}

/// The connection that an ICMP error is about. The error travels against the packet that it embeds: it belongs to the
/// connection whose packets in the other direction have the reversed tuple, `opposite`.
template <class E>
[[gnu::always_inline]] inline Found find_related(E& e, const Config& config, const net::Packet& inner, Flow& opposite) {
    opposite = reversed(inner.flow);
    return find_connection(e, config, opposite);
}

/// Seconds that a connection lives that an error has opened, when no packet of its own comes.
constexpr u32 related_seconds = 3;

/// schedule_icmp: an error about a service, but about no connection, opens one, as if its client had sent a packet,
/// `request`. Null in `found`: why not.
template <class E>
[[gnu::always_inline]] inline Reason open_related(E& e, const Config& config, Flow& request, Found& found) {
    if (!config.settings.schedule_icmp)
        return Reason::icmp_unrelated;
    // What the client sent is not known: it counts as what opens a connection.
    const Reason why = open_connection(e, request, e.mark(), may_open, found);
    if (found.conn)
        found.conn->expires = e.now() + u64{related_seconds} * config.hz;
    if (why == Reason::no_service)
        return Reason::icmp_unrelated;
    // Nor is an error answered by one.
    return why == Reason::no_destination || why == Reason::bypassed ? Reason::unanswered : why;
}

/// Sends an error from the client side on to the destination.
template <class E>
[[gnu::always_inline]] inline Verdict send_related_request(E& e, const Config& config, const net::Packet& outer,
                                                           const net::Packet& inner, Conn& c, Reason sent,
                                                           bool is_new) {
    Verdict v = verdict(sent);
    if (const Dest* dest = e.dest(c.dest_id))
        account<Direction::request>(e, config, c, *dest, outer.length, is_new);
    const RouteQuery query{outer.flow.saddr, c.dest,   c.cport,   c.dport,
                           c.protocol,       c.family, outer.tos, e.segment_length(outer)};
    const Leave leave = outer.ttl > 1 ? find_way(e, config, query, c.to_dest, v) : Leave::stack;
    const bool direct = leave == Leave::direct;
    if (!net::rewrite_icmp<net::Side::destination>(e, E::l3, outer, inner, c.dest, c.dport, direct))
        return verdict(Reason::internal_error);
    if (!direct)
        return verdict(Reason::icmp_to_stack);
    return write_macs(e, c.to_dest) ? v : verdict(Reason::internal_error);
}

/// Sends an error from the destination's side on to the client.
template <class E>
[[gnu::always_inline]] inline Verdict send_related_reply(E& e, const Config& config, const net::Packet& outer,
                                                         const net::Packet& inner, Conn& c) {
    if (const Dest* dest = e.dest(c.dest_id))
        account<Direction::reply>(e, config, c, *dest, outer.length, false);
    Verdict v = verdict(Reason::icmp_forwarded);
    const RouteQuery query{c.vip, c.client, c.vport, c.cport, c.protocol, c.family, outer.tos, e.segment_length(outer)};
    const Leave leave = outer.ttl > 1 ? find_way(e, config, query, c.to_client, v) : Leave::stack;
    if (leave == Leave::too_long || leave == Leave::stack)
        return verdict(Reason::reply_to_stack);
    if (!net::rewrite_icmp<net::Side::source>(e, E::l3, outer, inner, c.vip, c.vport, true))
        return verdict(Reason::internal_error);
    if (leave == Leave::by_neighbour)
        return v;
    return write_macs(e, c.to_client) ? v : verdict(Reason::internal_error);
}

/// Sends an ICMP packet on that is an error about a connection: about a reply to the destination, about a request to
/// the client. It is counted; state and timer of the connection are not touched, as in IPVS. Reads the packet anew.
template <class E>
[[gnu::always_inline]] inline Verdict related(E& e, const Config& config) {
    Workspace* w = e.workspace();
    if (!w)
        return verdict(Reason::internal_error);
    net::Packet outer{w->outside};
    net::Packet inner{w->quoted};
    Reason why = net::parse_ip(e, e.family(), E::l3, outer);
    if (why == Reason::count)
        why = net::find_length(e, outer);
    if (why == Reason::count)
        why = read_related(e, outer, inner);
    if (why != Reason::count)
        return verdict(why);

    Found found = find_related(e, config, inner, w->opposite);
    const bool is_new = !found.conn;
    if (is_new)
        why = open_related(e, config, w->opposite, found);
    if (!found.conn)
        return verdict(why);
    if (found.direction == Direction::reply)
        return send_related_reply(e, config, outer, inner, *found.conn);
    return send_related_request(e, config, outer, inner, *found.conn,
                                is_new ? Reason::icmp_scheduled : Reason::icmp_forwarded, is_new);
}

} // namespace bpvs
