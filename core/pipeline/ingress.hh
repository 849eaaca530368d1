// The recipe for a packet that arrives: parse; related ICMP? connection? service, schedule; account,
// state, rewrite, forward. What is not ours goes on untouched. See docs/life-of-a-packet.md.
#pragma once

#include "core/pipeline/drain.hh"
#include "core/pipeline/mark.hh"
#include "core/pipeline/open.hh"
#include "core/pipeline/reset.hh"

namespace bpvs {

/// A destination's packet of a connection. It is translated even when the destination was removed, unless its
/// connections are over.
template <class E>
[[gnu::always_inline]] inline Verdict handle_reply(E& e, const Config& config, const net::Packet& p,
                                                   const Found& found) {
    const Dest* dest = e.dest(found.conn->dest_id);
    if (dest) {
        const Course course = course_of_reply(e, config, p, *dest);
        if (course == Course::reset)
            return reset_connection(e, p, found);
        if (course == Course::anew) {
            e.end(found.index, Ending::quiet);
            return verdict(Reason::reply_expired);
        }
    }
    return pass_reply(e, config, p, found, dest);
}

/// nat_icmp_send: is a packet of no connection one of a real server? What the stack will answer by itself is not.
template <class E>
[[gnu::always_inline]] inline bool is_stray(E& e, const net::Packet& p) {
    if ((p.tcp_flags & net::tcp::rst) || p.ttl <= 1)
        return false;
    ServerKey key{};
    key.addr = p.flow.saddr;
    key.port = p.flow.sport;
    key.protocol = p.flow.protocol;
    key.family = p.flow.family;
    if (e.has_server(key))
        return true;
    key.protocol = IpProto::none;
    return e.has_server(key);
}

/// The verdict on an arriving packet. is_unfinished(): finish() has more to do.
template <class E>
[[gnu::always_inline]] inline Verdict ingress(E& e) {
    const Config* config = e.config();
    if (!config)
        return verdict(Reason::internal_error);
    const bool inert = is_inert(e, *config);
    if (inert && config->marks.rules == 0)
        return verdict(Reason::inert);

    Flow flow{};
    net::Packet p{flow};
    Reason why = read_ip(e, p);
    if (why != Reason::count)
        return verdict(why);
    if (net::is_icmp(p.flow))
        return verdict(inert ? Reason::inert : Reason::icmp_unrelated);
    if (!net::has_ports(p.flow))
        return verdict(Reason::other_protocol);
    why = net::parse_transport(e, p);
    if (why != Reason::count)
        return verdict(why);

    if (inert) {
        mark_packet(e, *config, p);
        return verdict(Reason::inert);
    }

    Found found = find_connection(e, *config, p.flow);
    if (found.held) {
        why = handle_held(e, p, found);
        if (why != Reason::count)
            return verdict(why);
    }
    if (found.conn && found.direction == Direction::reply)
        return handle_reply(e, *config, p, found);
    GivenWay left{no_id, 0};
    if (found.conn) {
        Dest* dest = e.dest(found.conn->dest_id);
        if (!dest)
            return verdict(Reason::internal_error);
        const Course course = course_of_request(e, *config, p, *found.conn, *dest);
        if (course == Course::dropped)
            return verdict(Reason::server_removed);
        if (course == Course::reset)
            return reset_connection(e, p, found);
        if (course == Course::goes_on)
            return pass_request(e, *config, p, found, *dest, false);
        left = give_way(e, found, *dest);
    } else if (config->settings.nat_icmp_send && is_stray(e, p)) {
        return verdict(Reason::stray);
    }
    const u32 mark = mark_packet(e, *config, p);
    return ask_for_service(e, *config, p, mark, left);
}

} // namespace bpvs
