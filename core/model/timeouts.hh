// How long a connection lives without a packet, by its state, until `--set` says otherwise; and what else
// a director starts with.
#pragma once

#include "core/model/config.hh"

namespace bpvs {

/// IPVS's default for one state, in seconds.
constexpr u32 default_timeout(State s) {
    switch (s) {
    case State::none:
    case State::assured: // unused: a template's time is its service's
        return 2;
    case State::established:
    case State::sctp_established:
        return 900;
    case State::syn_sent:
    case State::fin_wait:
    case State::time_wait:
    case State::listen:
    case State::synack:
        return 120;
    case State::syn_recv:
    case State::close_wait:
    case State::sctp_init:
    case State::sctp_cookie_sent:
    case State::sctp_cookie_replied:
    case State::sctp_cookie_wait:
    case State::sctp_cookie:
    case State::sctp_cookie_echoed:
    case State::sctp_shutdown_sent:
    case State::sctp_shutdown_received:
    case State::sctp_shutdown_ack_sent:
    case State::sctp_closed:
        return 60;
    case State::sctp_init1:
    case State::sctp_rejected:
        return 4;
    case State::close:
        return 10;
    case State::last_ack:
        return 30;
    case State::udp:
        return 300;
    }
    return 2;
}

/// For those who initialise a director's tables: timeouts and settings.
constexpr void default_values(Config& config) {
    for (u32 s = 0; s < state_count; ++s)
        config.timeouts[s] = default_timeout(static_cast<State>(s));
    config.settings = default_settings;
}

} // namespace bpvs
