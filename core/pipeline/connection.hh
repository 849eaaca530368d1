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
                                                   Found& found) {
    const FlowTarget target = t.find_flow(reply);
    if (!target.reply)
        return false;
    const u32 index = target.conn;
    Conn* c = t.conn(index);
    if (!c)
        return false;
    const ConnStatus s = read_status(*c);
    if (s.is.life != Life::live || !(s.is.flags & conn_one_packet) || !(c->vip == request.daddr) ||
        c->vport != request.dport)
        return false;
    c->dest_id = dest_id; // it is not counted: the server's record may have become another one
    found = Found{c, index, Direction::request, nullptr};
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

/// Enters a new connection from `p`'s sender to `dest`, both tuples, neither replacing another's.
/// lost_race: another CPU entered the same connection first.
template <class T>
[[gnu::always_inline]] inline Created create_connection(T& t, const Config& config, const net::Packet& p, u32 dest_id,
                                                        Dest& dest, Kind kind, Found& found) {
    // A server without a port keeps the client's; so does every one if the service's port is not the client's.
    const Be16 dport =
        dest.port == Be16{} || (kind.control != 0 && dest.vport != p.flow.dport) ? p.flow.dport : dest.port;
    if (kind.one_packet &&
        find_one_packet(t, p.flow,
                        Flow{dest.addr, p.flow.saddr, dport, p.flow.sport, p.flow.protocol, p.flow.family, 0}, dest_id,
                        found))
        return Created::known;
    u32 index = 0;
    if (!t.take_conn(&index))
        return Created::no_room;
    Conn* c = t.conn(index);
    if (!c)
        return Created::no_room;

    const Flow& request = p.flow;
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
    if (r == flow_exists && make_way(t, tuple_of(*c, 1)))
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
    found = Found{c, index, Direction::request, nullptr};
    return Created::yes;
}

/// Moves a connection on after a packet and restarts its timer.
template <class T>
[[gnu::always_inline]] inline void update_state(T& t, const Config& config, Conn& c, Direction d,
                                                const net::Packet& p) {
    State next = State::udp;
    if (c.protocol == IpProto::udp && d == Direction::reply)
        assure_template(t, c);
    if (c.protocol != IpProto::udp) {
        u32 row = c.protocol == IpProto::tcp ? tcp_row(d, p.tcp_flags, secures_tcp(t, config)) : sctp_row(d, p.event);
        net::forget(t, row);
        ConnStatus before = read_status(c);
        for (int i = 0; i < 4; i++) {
            next = next_state(before.is.state, row);
            const u16 flags = is_active(next) ? u16{0} : u16{conn_inactive};
            const ConnStatus after = make_status(Life::live, next, flags);
            if (before.is.life != Life::live)
                return;
            if (before.word == after.word)
                break;
            if (swap_status(c, before, after)) {
                if ((next == State::established || next == State::sctp_established) && before.is.state != next)
                    assure_template(t, c);
                if (before.is.flags != flags) {
                    if (Dest* dest = t.dest(c.dest_id)) {
                        count_member(t, c.dest_id, *dest, before.is.flags, -1u);
                        count_member(t, c.dest_id, *dest, flags, 1);
                    }
                }
                break;
            }
            before = read_status(c);
        }
    }
    const u64 expires = t.now() + timeout(config, next);
    if (c.expires != expires)
        c.expires = expires;
}

} // namespace bpvs
