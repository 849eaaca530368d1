// Related ICMP: errors about a connection's packets, from either side.
#pragma once

#include "core/pipeline/account.hh"
#include "core/pipeline/forward.hh"

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

/// The connection that an ICMP error is about, and `inner`, the packet it embeds.
/// Reason::count when found; direction is that of the embedded packet.
template <class E>
[[gnu::always_inline]] inline Reason find_related(E& e, const Config& config, const net::Packet& outer,
                                                  net::Packet& inner, Found& found) {
    const Reason why = read_related(e, outer, inner);
    if (why != Reason::count)
        return why;
    // The error travels against the packet it embeds: it belongs to the connection whose packets in
    // the other direction carry the reversed tuple.
    found = find_connection(e, config, reversed(inner.flow));
    return found.conn ? Reason::count : Reason::icmp_unrelated;
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

/// Sends an ICMP error on: about a reply to the destination, about a request to the client. It is counted; state and
/// timer of the connection are not touched, as in IPVS.
template <class E>
[[gnu::always_inline]] inline Verdict send_related(E& e, const Config& config, const net::Packet& outer) {
    Flow quoted{};
    net::Packet inner{quoted};
    Found found{};
    const Reason why = find_related(e, config, outer, inner, found);
    if (why == Reason::icmp_unrelated && config.settings.schedule_icmp)
        return verdict(Reason::icmp_scheduled); // schedule_related() looks further
    if (why != Reason::count)
        return verdict(why);
    Conn& c = *found.conn;
    if (found.direction == Direction::request) // the reversed tuple is a request's: from the client side
        return send_related_request(e, config, outer, inner, c, Reason::icmp_forwarded, false);

    if (const Dest* dest = e.dest(c.dest_id))
        account<Direction::reply>(e, config, c, *dest, outer.length, false);
    Verdict v = verdict(Reason::icmp_forwarded);
    const u32 length = e.segment_length(outer);

    const RouteQuery query{c.vip, c.client, c.vport, c.cport, c.protocol, c.family, outer.tos, length};
    const Leave leave = outer.ttl > 1 ? find_way(e, config, query, c.to_client, v) : Leave::stack;
    if (leave == Leave::too_long || leave == Leave::stack)
        return verdict(Reason::reply_to_stack);
    if (!net::rewrite_icmp<net::Side::source>(e, E::l3, outer, inner, c.vip, c.vport, true))
        return verdict(Reason::internal_error);
    if (leave == Leave::by_neighbour)
        return v;
    return write_macs(e, c.to_client) ? v : verdict(Reason::internal_error);
}

} // namespace bpvs
