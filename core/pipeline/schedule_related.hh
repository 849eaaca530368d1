// schedule_icmp: an ICMP error about a service, but about no connection, opens one, as if its client had sent a packet.
#pragma once

#include "core/pipeline/related.hh"
#include "core/pipeline/schedule.hh"

namespace bpvs {

/// Seconds that such a connection lives when no packet of its own comes.
constexpr u32 related_seconds = 3;

/// The packet, read anew, and what it embeds.
template <class E>
[[gnu::always_inline]] inline Reason read_error(E& e, net::Packet& outer, net::Packet& inner) {
    Reason why = net::parse_ip(e, e.family(), E::l3, outer);
    if (why == Reason::count)
        why = net::find_length(e, outer);
    return why == Reason::count ? read_related(e, outer, inner) : why;
}

/// Opens a connection for an error that send_related() found none for. icmp_scheduled, or why not.
template <class E>
[[gnu::always_inline]] inline Reason open_related(E& e, const Config& config) {
    Flow flow{};
    Flow quoted{};
    net::Packet request{flow};
    net::Packet inner{quoted};
    Reason why = read_error(e, request, inner);
    if (why != Reason::count)
        return why;
    flow = reversed(quoted);
    request.tcp_flags = net::tcp::syn; // what the client sent is not known: it counts as what opens a connection
    request.event = net::SctpEvent::init;
    Found found{};
    why = schedule(e, config, request, e.mark(), found);
    if (why == Reason::no_service)
        return Reason::icmp_unrelated;
    if (why == Reason::no_destination || why == Reason::bypassed)
        return Reason::unanswered; // nor is an error answered by one
    if (why != Reason::new_connection)
        return why;
    found.conn->expires = e.now() + u64{related_seconds} * config.hz;
    return Reason::icmp_scheduled;
}

/// Sends the error on as the first packet of the connection that open_related() opened.
template <class E>
[[gnu::always_inline]] inline Verdict send_opened(E& e, const Config& config) {
    Flow outside{};
    Flow quoted{};
    net::Packet outer{outside};
    net::Packet inner{quoted};
    Reason why = read_error(e, outer, inner);
    if (why != Reason::count)
        return verdict(why);
    const Found found = find_connection(e, config, reversed(quoted));
    if (!found.conn || found.direction != Direction::request)
        return verdict(Reason::raced);
    return send_related_request(e, config, outer, inner, *found.conn, Reason::icmp_scheduled, true);
}

} // namespace bpvs
