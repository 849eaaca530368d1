// Ageing: what the kernel's timers do with the connection table and the rate estimator.
#pragma once

#include "core/pipeline/persistence.hh"

namespace bpvs {

/// The sweep looks at every used slot once a second, in slices of a few ten microseconds: how often it runs in
/// that second, and how many slots are one tick's share.
constexpr u32 sweep_slice = 1024;
[[gnu::always_inline]] constexpr u32 sweep_ticks(u32 used) { return used / sweep_slice + 4; }
[[gnu::always_inline]] constexpr u32 sweep_share(u32 used) { return used / sweep_ticks(used) + 1; }

/// The estimator samples every used id once in rate_seconds: how often it runs in that time for its slices.
constexpr u32 rate_slice = 256;
constexpr u32 rate_seconds = 2;
[[gnu::always_inline]] constexpr u32 rate_ticks(u32 used) { return used / rate_slice + 1; }

/// drop_entry ends one in so many of these, each second.
constexpr u32 drop_entry_chance = 32;

/// Under pressure, connections that nobody uses make room: half open, or closed by both sides. Never an
/// established one.
[[gnu::always_inline]] constexpr bool dispensable(State s) {
    return s == State::syn_recv || s == State::time_wait || s == State::close || s == State::sctp_init1 ||
           s == State::sctp_init || s == State::sctp_rejected || s == State::sctp_closed;
}

/// With expire_nodest_conn, what leads to a removed server ends.
template <class T>
[[gnu::always_inline]] inline bool leads_nowhere(T& t, const Config& config, const Conn& c) {
    if (!config.settings.expire_nodest_conn)
        return false;
    const Dest* dest = t.dest(c.dest_id);
    return dest && dest->service == no_id && dest->drain == drain_unset;
}

/// Has a live connection come to its end, at a time when `orders` are in force?
template <class T>
[[gnu::always_inline]] inline bool is_over(T& t, const Config& config, const Conn& c, State state, u64 now,
                                           SweepOrders orders) {
    if (expired(c, now))
        return true;
    if (orders.pressure && dispensable(state))
        return static_cast<s64>(now + timeout(config, state) - c.expires) >= static_cast<s64>(config.hz);
    if (orders.drop_some && half_open(state) && t.random() % drop_entry_chance == 0)
        return true;
    return leads_nowhere(t, config, c);
}

/// Looks at one slot: ends what is over, lets go what was held long enough, frees what has rested. Under pressure a
/// dispensable connection is over after a second without a packet.
template <class T>
[[gnu::always_inline]] inline void sweep_slot(T& t, const Config& config, u32 index, SweepOrders orders) {
    Conn* c = t.conn(index);
    if (!c)
        return;
    const u64 now = t.now();
    const ConnStatus s = read_status(*c);
    if (s.is.life == Life::live && (s.is.flags & conn_template)) {
        const bool over = expired(*c, now);
        if (over && c->controlled != 0)
            c->expires = now + u64{template_grace} * config.hz;
        else if (c->controlled == 0 && (over || leads_nowhere(t, config, *c)))
            end_template(t, index, *c);
    } else if (s.is.life == Life::live) {
        if (is_over(t, config, *c, s.is.state, now, orders))
            expire_connection(t, config, index, *c);
    } else if (s.is.life == Life::held) {
        const bool wanted = config.settings.hold_expired != 0 || (s.is.flags & conn_resets);
        const u64 longest = wanted ? orders.hold_times * timeout(config, s.is.state) : 0;
        if (static_cast<s64>(now - c->expires - longest) >= 0)
            let_go(t, index, *c);
    } else if (s.is.life == Life::limbo && static_cast<s64>(now - c->expires - limbo_time(config)) >= 0) {
        c->status = make_status(Life::free, State::none, 0);
        t.give_conn(index);
    }
}

/// One step of the moving average: r += (sample - r) / 4, a sample being what came in two seconds,
/// per second, scaled by 2^scale.
[[gnu::always_inline]] inline void estimate(u64& rate, u64& last, u64 total, u32 scale) {
    const u64 sample = (total - last) << (scale - 1);
    last = total;
    rate += static_cast<u64>(static_cast<s64>(sample - rate) >> 2);
}

/// One step of the estimator for one id.
[[gnu::always_inline]] inline void estimate_rates(Rates& r, const Counters& total) {
    estimate(r.cps, r.last.conns, total.conns, 10);
    estimate(r.in_pps, r.last.in_packets, total.in_packets, 10);
    estimate(r.out_pps, r.last.out_packets, total.out_packets, 10);
    estimate(r.in_bps, r.last.in_bytes, total.in_bytes, 5);
    estimate(r.out_bps, r.last.out_bytes, total.out_bytes, 5);
}

} // namespace bpvs
