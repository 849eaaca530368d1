// The recipe for a packet in front of another world, which does all of ingress(): what belongs to a connection that
// goes on, or begins one, is sent on here, in the same steps. Everything else is left to that world, and nothing has
// been done about it: docs/adr/0013.
#pragma once

#include "core/pipeline/drain.hh"
#include "core/pipeline/open.hh"

namespace bpvs {

/// What arrived, read up to its ports. False: it is another world's, or broken.
template <class E>
[[gnu::always_inline]] inline bool read_segment(E& e, net::Packet& p) {
    return read_ip(e, p) == Reason::count && net::has_ports(p.flow) && net::parse_transport(e, p) == Reason::count &&
           p.ttl > 1;
}

/// May packets begin connections here? Marks are seen, and set, by the other world alone; strays are answered there;
/// and drop_packet counts a packet once.
[[gnu::always_inline]] inline bool opens_in_front(const Config& config) {
    return config.marks.rules == 0 && (config.offered.kinds & mark_kind) == 0 && config.settings.nat_icmp_send == 0 &&
           config.settings.drop_packet == 0;
}

/// What addresses and protocol of a packet add to its sum: known already if its connection is.
[[gnu::always_inline]] inline u16 pseudo_sum(const Found& found, const Flow& flow) {
    if (!found.conn)
        return net::pseudo_header_sum(flow, 0);
    const Conn& c = *found.conn;
    return found.direction == Direction::reply ? net::fold(u32{c.pseudo} + c.change) : c.pseudo;
}

/// The verdict on an arriving packet: sent on, dropped, or left to the next world.
template <class E>
[[gnu::always_inline]] inline Verdict front(E& e) {
    const Config* config = e.config();
    if (!config || is_inert(e, *config))
        return verdict(Reason::left_to_tc);
    Flow flow{};
    net::Packet p{flow};
    if (!read_segment(e, p))
        return verdict(Reason::left_to_tc);

    Found found = find_connection(e, *config, p.flow);
    if (found.held || net::may_lack_sum(e, E::l3, p, pseudo_sum(found, p.flow)))
        return verdict(Reason::left_to_tc);
    if (!found.conn)
        return opens_in_front(*config) ? ask_for_service(e, *config, p, 0, {no_id, 0}) : verdict(Reason::left_to_tc);
    const Dest* dest = e.dest(found.conn->dest_id);
    const bool is_reply = found.direction == Direction::reply;
    if (dest) {
        const Course course =
            is_reply ? course_of_reply(e, *config, p, *dest) : course_of_request(e, *config, p, *found.conn, *dest);
        if (course != Course::goes_on)
            return verdict(Reason::left_to_tc);
    }
    if (is_reply)
        return pass_reply(e, *config, p, found, dest);
    return dest ? pass_request(e, *config, p, found, *dest, false) : verdict(Reason::left_to_tc);
}

} // namespace bpvs
