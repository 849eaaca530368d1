// The life of a connection: found from either side, created, moved on by packets. Its end is in life.hh.
#pragma once

#include "core/net/rewrite.hh"
#include "core/pipeline/defence.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/life.hh"
#include "core/pipeline/state.hh"

namespace bpvs {

/// A connection as found by a packet.
struct Found {
    Conn* conn;
    u32 index;
    Direction direction;
    Conn* held; ///< no live one, but one that has ended and is held
};

/// One of its connections was established, or answered if it is of UDP.
template <class T>
[[gnu::always_inline]] inline void assure_template(T& t, const Conn& c) {
    if (c.control == 0)
        return;
    Conn* control = t.conn(c.control - 1);
    if (!control)
        return;
    const ConnStatus before = read_status(*control);
    if (before.is.life == Life::live && before.is.state == State::none)
        swap_status(*control, before, make_status(Life::live, State::assured, before.is.flags));
}

/// The connection that `flow` belongs to. One whose time has come is ended here, as if swept.
template <class T>
[[gnu::always_inline]] inline Found find_connection(T& t, const Config& config, const Flow& flow) {
    const FlowFound f = find_flow(t, config, flow);
    Conn* c = f.conn;
    if (!c)
        return Found{nullptr, 0, Direction::request, nullptr};
    const u32 index = f.target.conn;
    const Direction direction = f.target.reply ? Direction::reply : Direction::request;
    const Life life = read_status(*c).is.life;
    if (life == Life::live && !expired(*c, t.now()))
        return Found{c, index, direction, nullptr};
    if (life == Life::live)
        t.end(index, Ending::expiry);
    return Found{nullptr, index, direction, read_status(*c).is.life == Life::held ? c : nullptr};
}

enum class Created : u8 {
    yes,
    known, ///< one-packet: its replies belong to one that is there
    no_room,
    collision,
    lost_race
};

/// What the service makes of its connections.
struct Kind {
    u32 control;     ///< as Conn::control
    bool one_packet; ///< only replies belong to it
};

/// One datagram after the other may go to the same server: the connection that its replies belong to.
template <class T>
[[gnu::always_inline]] inline bool find_one_packet(T& t, const Flow& request, const Flow& reply, u32 dest_id,
                                                   u32& opened) {
    const FlowTarget target = t.find_flow(reply);
    if (!target.reply)
        return false;
    Conn* c = t.conn(target.conn);
    if (!c)
        return false;
    const ConnStatus s = read_status(*c);
    if (s.is.life != Life::live || !(s.is.flags & conn_one_packet) || !(c->vip == request.daddr) ||
        c->vport != request.dport)
        return false;
    c->dest_id = dest_id; // it is not counted: the server's record may have become another one
    opened = target.conn;
    return true;
}

/// A held connection makes way for one with the same reply tuple. False: the tuple is a live one's.
template <class T>
[[gnu::always_inline]] inline bool make_way(T& t, const Flow& reply) {
    const u32 index = t.find_flow(reply).conn;
    if (index == no_id)
        return true;
    Conn* c = t.conn(index);
    if (!c || read_status(*c).is.life != Life::held)
        return false;
    t.end(index, Ending::let_go);
    return true;
}

/// Enters a new connection, `opened`, from the sender of `request` to `dest`, both tuples, neither replacing another's.
/// lost_race: another CPU entered the same connection first.
template <class T>
[[gnu::always_inline]] inline Created create_connection(T& t, const Config& config, const Flow& request, u32 dest_id,
                                                        Dest& dest, Kind kind, Workspace& w, u32& opened) {
    // A server without a port keeps the client's; so does every one if the service's port is not the client's.
    const Be16 dport =
        dest.port == Be16{} || (kind.control != 0 && dest.vport != request.dport) ? request.dport : dest.port;
    w.reply = Flow{dest.addr, request.saddr, dport, request.sport, request.protocol, request.family, 0};
    if (kind.one_packet && find_one_packet(t, request, w.reply, dest_id, opened))
        return Created::known;
    u32 index = 0;
    if (!t.take_conn(&index))
        return Created::no_room;
    Conn* c = t.conn(index);
    if (!c)
        return Created::no_room;

    const bool is_udp = request.protocol == IpProto::udp;
    const State state = is_udp ? State::udp : State::none;
    const u16 flags = kind.one_packet ? conn_one_packet : conn_inactive;
    c->status = make_status(Life::building, state, flags);
    c->client = request.saddr;
    c->vip = request.daddr;
    c->dest = dest.addr;
    c->cport = request.sport;
    c->vport = request.dport;
    c->dport = dport;
    c->protocol = request.protocol;
    c->family = request.family;
    c->dest_id = dest_id;
    c->expires = t.now() + timeout(config, state);
    c->to_dest.ifindex = 0;
    c->to_client.ifindex = 0;
    c->control = kind.control;
    c->change = net::fold(net::difference(c->vip, c->dest));
    c->pseudo = net::pseudo_header_sum(request, 0);

    const FlowTarget as_reply{index, 1};
    const FlowTarget as_request{index, 0};
    Created result = Created::yes;
    int r = t.insert_flow(as_reply);
    if (r == flow_exists && make_way(t, w.reply))
        r = t.insert_flow(as_reply);
    if (r != flow_inserted) {
        result = r == flow_exists ? Created::collision : Created::no_room;
    } else if (!kind.one_packet) {
        r = t.insert_flow(as_request);
        if (r != flow_inserted) {
            t.erase_flow(as_reply);
            result = r == flow_exists ? Created::lost_race : Created::no_room;
        }
    }
    if (result != Created::yes) {
        c->expires = t.now();
        c->status = make_status(Life::limbo, state, flags);
        return result;
    }
    if (!kind.one_packet) { // counted inactive until its first state says otherwise, as in IPVS
        count_member(t, dest_id, dest, flags, 1);
        note_load(t, dest_id, dest);
    }
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, 1u);
    c->status = make_status(Life::live, state, flags);
    opened = index;
    return Created::yes;
}

template <class T>
[[gnu::always_inline]] inline void restart_timer(T& t, const Config& config, Conn& c, State state) {
    const u64 expires = t.now() + timeout(config, state);
    if (c.expires != expires)
        c.expires = expires;
}

/// The status of a live connection in this state.
[[gnu::always_inline]] inline ConnStatus live_status(State state) {
    return make_status(Life::live, state, is_active(state) ? u16{0} : u16{conn_inactive});
}

/// Takes a connection to the state that a packet of this row leads to.
template <class T>
[[gnu::always_inline]] inline void change_state(T& t, const Config& config, Conn& c, u32 row) {
    State next = State::none;
    for (int i = 0; i < 4; i++) {
        const ConnStatus before = read_status(c);
        if (before.is.life != Life::live)
            return;
        next = next_state(before.is.state, row);
        const ConnStatus after = live_status(next);
        if (!swap_status(c, before, after))
            continue;
        if ((next == State::established || next == State::sctp_established) && before.is.state != next)
            assure_template(t, c);
        if (before.is.flags != after.is.flags) {
            if (Dest* dest = t.dest(c.dest_id)) {
                count_member(t, c.dest_id, *dest, before.is.flags, -1u);
                count_member(t, c.dest_id, *dest, after.is.flags, 1);
            }
        }
        break;
    }
    restart_timer(t, config, c, next);
}

/// Moves a connection on after a packet and restarts its timer.
template <class T>
[[gnu::always_inline]] inline void update_state(T& t, const Config& config, const Found& found, const net::Packet& p) {
    Conn& c = *found.conn;
    if (c.protocol == IpProto::udp) {
        if (found.direction == Direction::reply)
            assure_template(t, c);
        return restart_timer(t, config, c, State::udp);
    }
    u32 row = c.protocol == IpProto::tcp ? tcp_row(found.direction, p.tcp_flags, secures_tcp(t, config))
                                         : sctp_row(found.direction, p.event);
    net::forget(t, row);
    const ConnStatus before = read_status(c);
    const State next = next_state(before.is.state, row);
    if (before.word == live_status(next).word)
        restart_timer(t, config, c, next);
    else
        t.change_state(found.index, row);
}

} // namespace bpvs
