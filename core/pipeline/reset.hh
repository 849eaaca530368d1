// Resets: the end of a TCP connection that its ends must hear of.
//
// A timer cannot send packets, so a connection that is over is reset by the next packet of either end. That packet has
// the numbers that both ends believe (RFC 9293, 3.10.7): its sender is answered from what it acknowledges, its receiver
// gets a reset in its place. One that is lost, or that a receiver does not believe, is followed by others: the
// connection is held, and resets whoever still sends.
#pragma once

#include "core/net/segment.hh"
#include "core/pipeline/forward.hh"

namespace bpvs {

enum ResetEnds : u32 { reset_sender = 1, reset_receiver = 2 };

/// Reads what the packet at hand says into `w`, and makes its frame as long as a reset is. False: it cannot be one.
template <class E>
[[gnu::always_inline]] inline bool prepare_resets(E& e, ResetWork& w) {
    u32 l4 = w.l4;
    net::forget_offset(e, l4);
    const u8* header = e.at(l4, net::tcp::min_size);
    if (!header)
        return false;
    const u32 seq = from_be32(net::load<Be32>(header + net::tcp::seq));
    const u32 ack = from_be32(net::load<Be32>(header + net::tcp::ack_seq));
    const u8 flags = header[net::tcp::flags];
    const bool acks = (flags & net::tcp::ack) != 0;
    const u32 end = seq + w.payload + (flags & net::tcp::syn ? 1 : 0) + (flags & net::tcp::fin ? 1 : 0);
    w.segments[0] = acks ? net::Segment{ack, 0, net::tcp::rst} : net::Segment{0, end, net::tcp::rst | net::tcp::ack};
    w.segments[1] = acks ? net::Segment{seq, ack, net::tcp::rst | net::tcp::ack} : net::Segment{seq, 0, net::tcp::rst};
    w.sum_left = e.sum_is_left_to_device(l4 + net::tcp::check) ? 1 : 0;
    const u32 headers = net::ip_size(static_cast<Family>(w.family)) + net::tcp::min_size;
    // A sum that is left to the device is made where the TCP header was.
    return (w.sum_left == 0 || l4 + net::tcp::min_size == E::l3 + headers) && e.trim(headers);
}

/// Sends one in the frame's place to the client or the server, and keeps the frame. Where the way is not known this
/// very moment, none is sent.
template <class E>
[[gnu::always_inline]] inline void send_reset(E& e, const Config& config, Conn& c, bool to_client,
                                              const net::Segment& s, ResetWork& w) {
    const RouteQuery query{to_client ? c.vip : c.client,
                           to_client ? c.client : c.dest,
                           to_client ? c.vport : c.cport,
                           to_client ? c.cport : c.dport,
                           IpProto::tcp,
                           c.family,
                           0,
                           net::ip_size(c.family) + net::tcp::min_size};
    Verdict v = verdict(Reason::connection_reset);
    Egress& egress = to_client ? c.to_client : c.to_dest;
    if (find_way(e, config, query, egress, v) != Leave::direct)
        return;
    if (net::put_segment(e, E::l3, w.headers, c.family, query.saddr, query.daddr, query.sport, query.dport, s,
                         w.sum_left != 0) &&
        write_macs(e, egress))
        e.send_copy(v.ifindex);
}

/// Resets the ends of a connection, in answer to its packet at hand, whose frame is used up: what ingress() has asked
/// for.
template <class E>
[[gnu::always_inline]] inline Verdict reset(E& e, const Config& config, ResetWork& w) {
    Conn* c = e.conn(w.conn);
    if (!c || !prepare_resets(e, w))
        return verdict(Reason::connection_reset);
    const bool from_client = w.from_client != 0;
    if (w.ends & reset_sender)
        send_reset(e, config, *c, from_client, w.segments[0], w);
    if (w.ends & reset_receiver)
        send_reset(e, config, *c, !from_client, w.segments[1], w);
    return verdict(Reason::connection_reset);
}

/// Asks for that.
template <class E>
[[gnu::always_inline]] inline Reason ask_for_reset(E& e, const net::Packet& p, const Found& found, u32 ends) {
    Workspace* w = e.workspace();
    if (!w)
        return Reason::internal_error;
    ResetWork& r = w->reset;
    r.conn = found.index;
    r.ends = ends;
    r.from_client = found.direction == Direction::request ? 1 : 0;
    r.family = static_cast<u32>(p.flow.family);
    r.l4 = p.l4;
    r.payload = p.length - (p.l4 - E::l3) - p.l4_size;
    return Reason::connection_reset;
}

/// Ends a live connection and resets both its ends.
template <class E>
[[gnu::always_inline]] inline Verdict reset_connection(E& e, const net::Packet& p, const Found& found) {
    e.end(found.index, Ending::reset);
    return verdict(ask_for_reset(e, p, found, reset_sender | reset_receiver));
}

/// A packet of a connection that has ended and is held. A client's takes it away, and so does a server that begins a
/// connection of its own; a server that is just late is not heard. Reason::count: the packet is treated as one that
/// belongs to no connection.
template <class E>
[[gnu::always_inline]] inline Reason handle_held(E& e, const net::Packet& p, const Found& found) {
    Conn& c = *found.held;
    const ConnStatus s = read_status(c);
    const bool is_tcp = p.flow.protocol == IpProto::tcp;
    const bool resets = is_tcp && (p.tcp_flags & net::tcp::rst);
    const bool begins = is_tcp && !resets && (p.tcp_flags & net::tcp::syn);
    if (is_tcp && !resets && !begins && (s.is.flags & conn_resets)) {
        // Of a connection that gave way, the client's end is another one's by now.
        return ask_for_reset(e, p, found,
                             s.is.flags & conn_given_way ? u32{reset_sender} : u32{reset_sender} | reset_receiver);
    }
    // A server repeats its SYN for a client that never answered.
    if (found.direction == Direction::reply && (!begins || half_open(s.is.state)))
        return Reason::reply_expired;
    e.end(found.index, Ending::let_go);
    return Reason::count;
}

} // namespace bpvs
