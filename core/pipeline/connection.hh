// The life of a connection: found from either side, created, aged, ended.
//
// A slot of `conns` goes free -> building -> live -> limbo -> free. Only the program that wins the swap
// live -> limbo removes the flows and the counts, so that happens once whatever races. A slot rests in
// limbo for longer than any program runs before it is used again: a pointer found through a flow never
// changes its meaning under its holder.
#pragma once

#include "core/net/parse.hh"
#include "core/pipeline/defence.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/state.hh"

namespace bpvs {

/// Jiffies a dead slot rests: at least 100 ms.
[[gnu::always_inline]] inline u64 limbo_time(const Config& c) { return c.hz / 10 + 2; }

[[gnu::always_inline]] inline ConnStatus make_status(Life life, State state, u16 flags) {
    ConnStatus s{};
    s.word = static_cast<u32>(life) | static_cast<u32>(state) << 8 | static_cast<u32>(flags) << 16;
    return s;
}

[[gnu::always_inline]] inline ConnStatus read_status(const Conn& c) {
    ConnStatus s{};
    s.word = *static_cast<const volatile u32*>(&c.status.word);
    return s;
}

[[gnu::always_inline]] inline bool swap_status(Conn& c, ConnStatus from, ConnStatus to) {
    return __sync_val_compare_and_swap(&c.status.word, from.word, to.word) == from.word;
}

[[gnu::always_inline]] inline bool expired(const Conn& c, u64 now) { return static_cast<s64>(now - c.expires) >= 0; }

/// The tuple of packets in the other direction.
[[gnu::always_inline]] inline Flow reversed(const Flow& f) {
    return Flow{f.daddr, f.saddr, f.dport, f.sport, f.protocol, f.family, 0};
}

[[gnu::always_inline]] inline Flow request_flow(const Conn& c) {
    return Flow{c.client, c.vip, c.cport, c.vport, c.protocol, c.family, 0};
}

[[gnu::always_inline]] inline Flow reply_flow(const Conn& c) {
    return Flow{c.dest, c.client, c.dport, c.cport, c.protocol, c.family, 0};
}

[[gnu::always_inline]] inline void count_member(Dest& d, u16 flags, u32 change) {
    __sync_fetch_and_add(flags & conn_inactive ? &d.inactive : &d.active, change);
}

/// A server with as many connections as its upper threshold takes no new ones, until they are fewer than the lower
/// one, or than three quarters of the upper one. Counts change beside it: a server may get as many more as CPUs
/// schedule at once, as in IPVS.
[[gnu::always_inline]] inline void note_load(Dest& d) {
    if (d.upper != 0 && d.active + d.inactive >= d.upper)
        d.overloaded = 1;
}

[[gnu::always_inline]] inline void note_relief(Dest& d) {
    if (d.overloaded == 0)
        return;
    const u64 all = u64{d.active} + d.inactive;
    if (d.lower != 0 ? all < d.lower : all * 4 < u64{d.upper} * 3 || d.upper == 0)
        d.overloaded = 0;
}

/// A connection as found by a packet.
struct Found {
    Conn* conn;
    u32 index;
    Direction direction;
};

/// Ends a live connection: flows and counts go now, the slot after its rest. False: someone else did.
template <class T>
[[gnu::always_inline]] inline bool end_connection(T& t, Conn& c) {
    ConnStatus before = read_status(c);
    bool won = false;
    for (int i = 0; i < 4 && !won; i++) {
        if (before.is.life != Life::live)
            return false;
        won = swap_status(c, before, make_status(Life::limbo, before.is.state, before.is.flags));
        if (!won)
            before = read_status(c);
    }
    if (!won)
        return false;
    if (!(before.is.flags & conn_one_packet))
        t.erase_flow(request_flow(c));
    t.erase_flow(reply_flow(c));
    c.expires = t.now();
    if (c.control != 0)
        if (Conn* control = t.conn(c.control - 1))
            __sync_fetch_and_add(&control->controlled, -1u);
    if (Dest* d = t.dest(c.dest_id); d && !(before.is.flags & conn_one_packet)) {
        count_member(*d, before.is.flags, -1u);
        note_relief(*d);
    }
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, -1u);
    return true;
}

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

/// The live connection that `flow` belongs to. One whose time has come is ended here, as if swept.
template <class T>
[[gnu::always_inline]] inline Found find_connection(T& t, const Flow& flow) {
    const FlowTarget* target = t.find_flow(flow);
    if (!target)
        return Found{nullptr, 0, Direction::request};
    const u32 index = target->conn;
    const Direction direction = target->reply ? Direction::reply : Direction::request;
    Conn* c = t.conn(index);
    if (!c || read_status(*c).is.life != Life::live)
        return Found{nullptr, 0, direction};
    if (expired(*c, t.now())) {
        end_connection(t, *c);
        return Found{nullptr, 0, direction};
    }
    return Found{c, index, direction};
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
    const FlowTarget* target = t.find_flow(reply);
    if (!target || !target->reply)
        return false;
    const u32 index = target->conn;
    Conn* c = t.conn(index);
    if (!c)
        return false;
    const ConnStatus s = read_status(*c);
    if (s.is.life != Life::live || !(s.is.flags & conn_one_packet) || !(c->vip == request.daddr) ||
        c->vport != request.dport)
        return false;
    c->dest_id = dest_id; // it is not counted: the server's record may have become another one
    found = Found{c, index, Direction::request};
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
    c->controlled = 0;

    const Flow reply = reply_flow(*c);
    const FlowTarget as_reply{index, 1};
    const FlowTarget as_request{index, 0};
    Created result = Created::yes;
    int r = t.insert_flow(reply, as_reply);
    if (r != flow_inserted) {
        result = r == flow_exists ? Created::collision : Created::no_room;
    } else if (!kind.one_packet) {
        r = t.insert_flow(request, as_request);
        if (r != flow_inserted) {
            t.erase_flow(reply);
            result = r == flow_exists ? Created::lost_race : Created::no_room;
        }
    }
    if (result != Created::yes) {
        c->expires = t.now();
        c->status = make_status(Life::limbo, state, flags);
        return result;
    }
    if (!kind.one_packet) { // counted inactive until its first state says otherwise, as in IPVS
        count_member(dest, flags, 1);
        note_load(dest);
    }
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, 1u);
    c->status = make_status(Life::live, state, flags);
    found = Found{c, index, Direction::request};
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
                        count_member(*dest, before.is.flags, -1u);
                        count_member(*dest, flags, 1);
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
