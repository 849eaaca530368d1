// The ends of a connection.
//
// A slot of `conns` goes free -> building -> live -> held -> limbo -> free, or past held. Only the program that wins
// the swap out of live gives back the counts, only the one that wins the swap into limbo removes the flows, so each
// happens once whatever races. A slot rests in limbo for longer than any program runs before it is used again: a
// pointer found through a flow never changes its meaning under its holder.
//
// A connection that is held has ended, but keeps its tuples, so that what its server still sends is known for what it
// is (docs/adr/0012).
#pragma once

#include "core/net/parse.hh"
#include "core/pipeline/defence.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/schedulers/groups.hh"
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

/// `id`: of `d`.
template <class T>
[[gnu::always_inline]] inline void count_member(T& t, u32 id, Dest& d, u16 flags, u32 change) {
    __sync_fetch_and_add(flags & conn_inactive ? &d.inactive : &d.active, change);
    note_change(t, id);
}

/// A server with as many connections as its upper threshold takes no new ones, until they are fewer than the lower
/// one, or than three quarters of the upper one. Counts change beside it: a server may get as many more as CPUs
/// schedule at once, as in IPVS.
template <class T>
[[gnu::always_inline]] inline void note_load(T& t, u32 id, Dest& d) {
    if (d.upper == 0 || d.active + d.inactive < d.upper)
        return;
    d.overloaded = 1;
    note_change(t, id);
}

template <class T>
[[gnu::always_inline]] inline void note_relief(T& t, u32 id, Dest& d) {
    if (d.overloaded == 0)
        return;
    const u64 all = u64{d.active} + d.inactive;
    if (d.lower != 0 ? all >= d.lower : all * 4 >= u64{d.upper} * 3 && d.upper != 0)
        return;
    d.overloaded = 0;
    note_change(t, id);
}

/// Takes a live connection out of life, with `more` added to its flags. False: someone else did.
template <class T>
[[gnu::always_inline]] inline bool leave_life(T& t, Conn& c, Life to, u16 more, u16* flags) {
    ConnStatus before = read_status(c);
    for (int i = 0; i < 4; i++) {
        if (before.is.life != Life::live)
            return false;
        *flags = before.is.flags;
        if (swap_status(c, before, make_status(to, before.is.state, before.is.flags | more))) {
            c.expires = t.now();
            return true;
        }
        before = read_status(c);
    }
    return false;
}

/// Gives back what a live connection counted on.
template <class T>
[[gnu::always_inline]] inline void release(T& t, const Conn& c, u16 flags) {
    if (c.control != 0)
        if (Conn* control = t.conn(c.control - 1))
            __sync_fetch_and_add(&control->controlled, -1u);
    if (Dest* d = t.dest(c.dest_id); d && !(flags & conn_one_packet)) {
        count_member(t, c.dest_id, *d, flags, -1u);
        note_relief(t, c.dest_id, *d);
    }
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, -1u);
}

/// Ends a live connection: flows and counts go now, the slot after its rest. False: someone else did.
template <class T>
[[gnu::always_inline]] inline bool end_connection(T& t, u32 index, Conn& c) {
    u16 flags = 0;
    if (!leave_life(t, c, Life::limbo, 0, &flags))
        return false;
    if (!(flags & conn_one_packet))
        t.erase_flow(FlowTarget{index, 0});
    t.erase_flow(FlowTarget{index, 1});
    release(t, c, flags);
    return true;
}

/// Ends a live connection and holds it, where there is room and a reason to: `how` are ConnFlags that say what becomes
/// of packets that still come. Of one that gives way to another the request's tuple goes at once.
template <class T>
[[gnu::always_inline]] inline bool hold_connection(T& t, const Config& config, u32 index, Conn& c, u16 how) {
    Table* table = t.table();
    const bool wanted = config.settings.hold_expired != 0 || (how & conn_resets);
    if (!table || !wanted || hold_times(config, *table) == 0)
        return end_connection(t, index, c);
    u16 flags = 0;
    if (!leave_life(t, c, Life::held, how, &flags))
        return false;
    if ((how & conn_given_way) && !(flags & conn_one_packet))
        t.erase_flow(FlowTarget{index, 0});
    release(t, c, flags);
    __sync_fetch_and_add(&table->held, 1u);
    return true;
}

/// Ends a connection whose time has come: its service may want both ends reset by what still comes.
template <class T>
[[gnu::always_inline]] inline bool expire_connection(T& t, const Config& config, u32 index, Conn& c) {
    const Dest* dest = t.dest(c.dest_id);
    const bool resets = c.protocol == IpProto::tcp && dest && (dest->flags & dest_idle_reset);
    return hold_connection(t, config, index, c, resets ? conn_resets : 0);
}

/// A held connection is held no longer.
template <class T>
[[gnu::always_inline]] inline void let_go(T& t, u32 index, Conn& c) {
    const ConnStatus before = read_status(c);
    if (before.is.life != Life::held)
        return;
    c.expires = t.now(); // before the swap: its rest begins now
    if (!swap_status(c, before, make_status(Life::limbo, before.is.state, before.is.flags)))
        return;
    t.erase_flow(FlowTarget{index, 0}); // of one that gave way it may be another connection's by now
    t.erase_flow(FlowTarget{index, 1});
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->held, -1u);
}

/// Why a packet ends a connection.
enum class Ending : u32 {
    expiry,  ///< its time has come
    quiet,   ///< it is over
    another, ///< a connection of the same client port begins
    reset,   ///< it is over, and whoever still sends is reset
    let_go,  ///< it has ended before, and is held no longer
};

template <class T>
[[gnu::always_inline]] inline void end_for(T& t, const Config& config, u32 index, Conn& c, Ending why) {
    const bool tells = why == Ending::reset || (why == Ending::another && config.settings.hold_expired);
    if (why == Ending::let_go)
        let_go(t, index, c);
    else if (why == Ending::expiry)
        expire_connection(t, config, index, c);
    else
        hold_connection(t, config, index, c, (why == Ending::another ? conn_given_way : 0) | (tells ? conn_resets : 0));
}

} // namespace bpvs
