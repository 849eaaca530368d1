// Connection states: IPVS's TCP tables for masquerading, and UDP.
//
// Only flags count, not sequence numbers: RST before SYN before FIN before ACK; a segment with none of
// them closes. The tables are behaviour of Linux IPVS, measured cell by cell (tests/oracle).
#pragma once

#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/net/headers.hh"

namespace bpvs {

enum class Direction : u8 { request = 0, reply = 1 };

namespace detail {
// NOLINTBEGIN(readability-identifier-naming): the table is to be read as a table
constexpr u8 NO = static_cast<u8>(State::none), ES = static_cast<u8>(State::established),
             SS = static_cast<u8>(State::syn_sent), SR = static_cast<u8>(State::syn_recv),
             FW = static_cast<u8>(State::fin_wait), TW = static_cast<u8>(State::time_wait),
             CL = static_cast<u8>(State::close), CW = static_cast<u8>(State::close_wait),
             LA = static_cast<u8>(State::last_ack), LI = static_cast<u8>(State::listen),
             SA = static_cast<u8>(State::synack);
// NOLINTEND(readability-identifier-naming)

enum TcpEvent : u32 { ev_syn = 0, ev_fin = 1, ev_ack = 2, ev_rst = 3 };

/// [secure][direction][event][state now] -> next state; rows are padded to 16 so that an index can be masked.
// clang-format off
static constexpr u8 tcp_next[2 * 2 * 4 * 16] = {
      // request
      //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, NO, NO, NO, NO, NO, // SYN
        CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW, NO, NO, NO, NO, NO, // FIN
        ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, NO, NO, NO, NO, NO, // ACK
        CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR, NO, NO, NO, NO, NO, // RST
      // reply
        SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR, NO, NO, NO, NO, NO,
        TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW, NO, NO, NO, NO, NO,
        ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES, NO, NO, NO, NO, NO,
        CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL, NO, NO, NO, NO, NO,
      // secure_tcp, request: what the client sends does not establish a connection
        SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA, NO, NO, NO, NO, NO, // SYN
        CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA, NO, NO, NO, NO, NO, // FIN
        ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA, NO, NO, NO, NO, NO, // ACK
        CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL, NO, NO, NO, NO, NO, // RST
      // secure_tcp, reply
        SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA, NO, NO, NO, NO, NO,
        TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW, NO, NO, NO, NO, NO,
        ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES, NO, NO, NO, NO, NO,
        CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL, NO, NO, NO, NO, NO,
};
// clang-format on
} // namespace detail

/// The state after a TCP segment with `flags` in direction `d`. secure: by the table of secure_tcp.
[[gnu::always_inline]] inline State next_tcp_state(State now, Direction d, u8 flags, bool secure) {
    u32 event = 0;
    if (flags & net::tcp::rst)
        event = detail::ev_rst;
    else if (flags & net::tcp::syn)
        event = detail::ev_syn;
    else if (flags & net::tcp::fin)
        event = detail::ev_fin;
    else if (flags & net::tcp::ack)
        event = detail::ev_ack;
    else
        return State::close;
    u32 index = (secure ? 128u : 0u) + static_cast<u32>(d) * 64u + event * 16u + static_cast<u32>(now);
    asm("" : "+r"(index)); // Linux 6.1's verifier wants to see the bound that the compiler would prove away
    return static_cast<State>(detail::tcp_next[index & 255u]);
}

/// TCP states that count as ActiveConn; every other state, and every UDP connection, is inactive.
[[gnu::always_inline]] constexpr bool is_active(State s) {
    return s == State::established || s == State::syn_sent || s == State::syn_recv || s == State::synack;
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
