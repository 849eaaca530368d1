// Defence: what a director under load does to protect the connections it has, by the settings
// drop_entry, drop_packet and secure_tcp. Modes 1 and 2 of each act under pressure, mode 3 always.
#pragma once

#include "core/pipeline/env.hh"

namespace bpvs {

constexpr u32 defend_always = 3;

/// Without a service nothing is looked at, as in IPVS; but servers of removed services still have connections that end
/// in our ways.
template <class T>
[[gnu::always_inline]] inline bool is_inert(T& t, const Config& config) {
    if (config.in_force.enabled)
        return false;
    const Table* table = t.table();
    return !config.settings.reset_removed || !table || (table->live == 0 && table->held == 0);
}

/// Connections that the table takes before it is under pressure: 7/8 of its room.
[[gnu::always_inline]] inline u32 unpressed(const Config& config) {
    return config.connections - config.connections / 8;
}

[[gnu::always_inline]] inline bool under_pressure(const Config& config, const Table& table) {
    return table.live > unpressed(config);
}

[[gnu::always_inline]] inline bool defends(u32 mode, bool pressure) {
    return mode == defend_always || (mode != 0 && pressure);
}

/// Is the TCP table for times of attack in force?
template <class T>
[[gnu::always_inline]] inline bool secures_tcp(T& t, const Config& config) {
    const u32 mode = config.settings.secure_tcp;
    if (mode == 0)
        return false;
    const Table* table = t.table();
    return table && defends(mode, under_pressure(config, *table));
}

/// One in how many new connections drop_packet drops; 0: none. Under pressure IPVS's formula, with the room
/// that is left in the table for its free memory: the last place is given to none.
[[gnu::always_inline]] inline u32 drop_rate(const Config& config, const Table& table) {
    const u32 mode = config.settings.drop_packet;
    if (mode == 0)
        return 0;
    if (mode == defend_always)
        return config.settings.am_droprate;
    const u32 enough = config.connections - unpressed(config);
    const u32 live = table.live;
    return live > unpressed(config) ? enough / (live - unpressed(config)) : 0;
}

/// Does drop_packet take the packet that is about to open a connection? A countdown, as in IPVS: the first,
/// then every drop_rate()-th. Of CPUs that reach zero together one drops.
template <class T>
[[gnu::always_inline]] inline bool drops_packet(T& t, const Config& config) {
    if (config.settings.drop_packet == 0)
        return false;
    Table* table = t.table();
    if (!table)
        return false;
    const u32 rate = drop_rate(config, *table);
    if (rate == 0)
        return false;
    const u32 left = __sync_fetch_and_add(&table->drop_countdown, -1u) - 1;
    if (static_cast<int>(left) > 0)
        return false;
    return __sync_val_compare_and_swap(&table->drop_countdown, left, rate) == left;
}

/// A connection that has ended is held for so many of its state's timeouts: fewer when more than a quarter of the table
/// is taken by connections alive or held, none when half of it is.
constexpr u32 longest_hold = 16;
[[gnu::always_inline]] inline u32 hold_times(const Config& config, const Table& table) {
    const u32 half = config.connections / 2;
    const u32 quarter = half / 2;
    const u32 taken = table.live + table.held;
    if (taken >= half)
        return 0;
    if (taken <= quarter)
        return longest_hold;
    return static_cast<u32>(u64{longest_hold} * (half - taken) / (half - quarter));
}

/// What the sweep is to do beside ending what has expired.
struct SweepOrders {
    bool pressure;  ///< dispensable connections make room
    bool drop_some; ///< drop_entry: half-open connections end at random
    u32 hold_times; ///< how long ended connections are held
};

[[gnu::always_inline]] inline SweepOrders sweep_orders(const Config& config, const Table& table) {
    const bool pressure = under_pressure(config, table);
    return SweepOrders{pressure, defends(config.settings.drop_entry, pressure), hold_times(config, table)};
}

} // namespace bpvs
