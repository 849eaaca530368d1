// Connection states: IPVS's TCP and SCTP tables for masquerading, and UDP.
//
// Of TCP only flags count, not sequence numbers: RST before SYN before FIN before ACK; a segment with none of
// them closes. Of SCTP the first chunk counts.
#pragma once

#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/net/headers.hh"
#include "core/net/sctp.hh"
#include "core/pipeline/state_table.hh"

namespace bpvs {

enum class Direction : u8 { request = 0, reply = 1 };

/// The four flags that count, as a number.
[[gnu::always_inline]] constexpr u32 flags_that_count(u8 flags) {
    return (flags & (net::tcp::rst | net::tcp::syn | net::tcp::fin)) | (flags & net::tcp::ack) >> 1;
}

/// What each such number is: SYN, FIN, ACK or RST, two bits each. A branch for each flag would be a path each for the
/// verifier.
constexpr u32 tcp_events = [] {
    u32 events = 0;
    for (u32 flags = 0; flags < 16; flags++) {
        const u32 event = flags & net::tcp::rst ? 3 : flags & net::tcp::syn ? 0 : flags & net::tcp::fin ? 1 : 2;
        events |= event << (2 * flags);
    }
    return events;
}();

/// The row of the table for a TCP segment with `flags` in direction `d`. secure: of the table of secure_tcp.
[[gnu::always_inline]] constexpr u32 tcp_row(Direction d, u8 flags, bool secure) {
    const u32 told = flags_that_count(flags);
    if (told == 0)
        return detail::row_without_flags;
    return (secure ? 8 : 0) + static_cast<u32>(d) * 4 + (tcp_events >> (2 * told) & 3);
}

/// The row for an SCTP packet.
[[gnu::always_inline]] constexpr u32 sctp_row(Direction d, net::SctpEvent event) {
    return detail::first_sctp_row + static_cast<u32>(d) * detail::sctp_events + static_cast<u32>(event);
}

/// The state that a packet of this row leads to.
[[gnu::always_inline]] inline State next_state(State now, u32 row) {
    u32 index = row * 16u + (static_cast<u32>(now) & 15u);
    asm("" : "+r"(index)); // Linux 6.1's verifier wants to see the bound that the compiler would prove away
    return static_cast<State>(detail::next_states[index & 1023u]);
}

/// States that count as ActiveConn; every other state, and every UDP connection, is inactive.
[[gnu::always_inline]] constexpr bool is_active(State s) {
    return s == State::established || s == State::syn_sent || s == State::syn_recv || s == State::synack ||
           s == State::sctp_established;
}

[[gnu::always_inline]] constexpr bool half_open(State s) {
    return s == State::syn_recv || s == State::synack || s == State::sctp_init1 || s == State::sctp_init;
}

/// Has either side begun to close? Of SCTP, only when both have.
[[gnu::always_inline]] constexpr bool is_closing(State s) {
    return s == State::fin_wait || s == State::close_wait || s == State::last_ack || s == State::time_wait ||
           s == State::close || s == State::sctp_closed;
}

/// Jiffies that a connection lives on after a packet left it in state `s`.
[[gnu::always_inline]] inline u64 timeout(const Config& c, State s) {
    u32 i = static_cast<u32>(s);
    asm("" : "+r"(i)); // the verifier wants to see the check that the compiler would prove away
    if (i >= state_count)
        return 0;
    return static_cast<u64>(c.timeouts[i]) * c.hz;
}

} // namespace bpvs
