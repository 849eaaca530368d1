// How a connection begins. ingress() and front() know connections only: a packet of none they keep (Request), and what
// follows is done by functions of their own: open() finds a service and a destination, pass_opened() sends the packet
// on.
#pragma once

#include "core/pipeline/pass.hh"
#include "core/pipeline/schedule.hh"

namespace bpvs {

/// Keeps a packet for open(). The verdict until then: nobody serves it.
template <class E>
[[gnu::always_inline]] inline Verdict ask_for_service(E& e, const Config& config, const net::Packet& p, u32 mark,
                                                      const GivenWay& left) {
    Workspace* w = e.workspace();
    if (!w)
        return verdict(Reason::internal_error);
    const net::PacketInfo& info = p;
    w->request = Request{p.flow, info, mark, opening_of<E>(config, p), left, no_id};
    return verdict(Reason::no_service);
}

/// The connection of a client's packet ends, since another one begins. Its server is still counted to have it while the
/// other one's is chosen, as in IPVS.
template <class T>
[[gnu::always_inline]] inline GivenWay give_way(T& t, const Found& found, Dest& dest) {
    const GivenWay left{found.conn->dest_id, read_status(*found.conn).is.flags};
    count_member(t, left.dest, dest, left.flags, 1);
    t.end(found.index, Ending::another);
    return left;
}

/// Opens a connection for the packet that is kept: Request::conn, or why not.
template <class T>
[[gnu::always_inline]] inline Reason open(T& t, Request& request) {
    Found found{};
    const Reason why = open_connection(t, request.flow, request.mark, request.opening, found);
    request.conn = found.index;
    if (Dest* left = t.dest(request.left.dest)) {
        count_member(t, request.left.dest, *left, request.left.flags, -1u);
        note_relief(t, request.left.dest, *left);
    }
    return why;
}

/// Sends the packet that is kept on, as the first one of the connection that was opened for it.
template <class E>
[[gnu::always_inline]] inline Verdict pass_opened(E& e, const Config& config, Request& request) {
    net::Packet p{request.flow, request.info};
    net::forget_offset(e, p.l4);
    const Found found{e.conn(request.conn), request.conn, Direction::request, nullptr};
    const Dest* dest = found.conn ? e.dest(found.conn->dest_id) : nullptr;
    return dest ? pass_request(e, config, p, found, *dest, true) : verdict(Reason::internal_error);
}

} // namespace bpvs
