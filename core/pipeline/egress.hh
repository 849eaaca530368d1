// The recipe for a packet that this host's own stack sends: replies of a destination that is the
// director itself, and the stack's ICMP errors about requests that were left to it, are translated on
// their way out. Everything else, and every packet that was forwarded, goes on untouched.
#pragma once

#include "core/pipeline/account.hh"
#include "core/pipeline/forward.hh"
#include "core/pipeline/related.hh"

namespace bpvs {

template <class E>
[[gnu::always_inline]] inline Verdict egress(E& e) {
    const Config* config = e.config();
    if (!config || is_inert(e, *config))
        return verdict(Reason::inert);
    const Family family = e.family();
    if (family == Family::none)
        return verdict(Reason::not_ip);
    Flow flow{};
    net::Packet p{flow};
    Reason why = net::parse_ip(e, family, E::l3, p);
    if (why != Reason::count)
        return verdict(why);
    why = net::find_length(e, p);
    if (why != Reason::count)
        return verdict(why);

    if (net::is_icmp(p.flow)) {
        Flow quoted{};
        Flow opposite{};
        net::Packet inner{quoted};
        why = read_related(e, p, inner);
        if (why != Reason::count)
            return verdict(why);
        const Found found = find_related(e, *config, inner, opposite);
        if (!found.conn || found.direction == Direction::request)
            return verdict(Reason::icmp_unrelated);
        const Conn& c = *found.conn;
        const bool done = net::restore_embedded_sum(e, E::l3, p, inner, c.vip, c.vport) &&
                          net::rewrite_icmp<net::Side::source>(e, E::l3, p, inner, c.vip, c.vport, false);
        return verdict(done ? Reason::local_translated : Reason::internal_error);
    }

    if (!net::has_ports(p.flow))
        return verdict(Reason::other_protocol);
    why = net::parse_transport(e, p);
    if (why != Reason::count)
        return verdict(why);
    const Found found = find_connection(e, *config, p.flow);
    if (found.held && found.direction == Direction::reply)
        return verdict(Reason::reply_expired);
    if (!found.conn || found.direction == Direction::request)
        return verdict(Reason::no_connection);
    Conn& c = *found.conn;
    if (Dest* dest = e.dest(c.dest_id))
        account<Direction::reply>(e, *config, c, *dest, p.length, false);
    update_state(e, *config, found, p);
    const bool done = net::rewrite<net::Side::source>(e, E::l3, p, c.vip, c.vport, reply_change(c), false);
    return verdict(done ? Reason::local_translated : Reason::internal_error);
}

} // namespace bpvs
