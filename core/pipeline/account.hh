// Accounting: packets and bytes per destination and per service, exact at every moment.
#pragma once

#include "core/pipeline/connection.hh"

namespace bpvs {

template <Direction direction>
[[gnu::always_inline]] inline void add_packet(Counters& c, u32 bytes, bool is_new) {
    if (is_new)
        c.conns++;
    if (direction == Direction::request) {
        c.in_packets++;
        c.in_bytes += bytes;
    } else {
        c.out_packets++;
        c.out_bytes += bytes;
    }
}

/// Counts a packet of a connection. A removed destination does not count, as in IPVS.
template <Direction direction, class T>
[[gnu::always_inline]] inline void account(T& t, const Config& config, const Conn& conn, const Dest& dest, u32 bytes,
                                           bool is_new) {
    const u32 service = dest.service;
    if (service == no_id)
        return;
    if (Counters* c = t.counters(conn.dest_id))
        add_packet<direction>(*c, bytes, is_new);
    if (Counters* c = t.counters(config.max_dests + service))
        add_packet<direction>(*c, bytes, is_new);
}

} // namespace bpvs
