// The steps that every world takes with a packet of a connection: find the way, account, state, rewrite, leave.
//
// The way comes first: a world in front of another one leaves to it what it cannot send on itself, and nothing has
// changed by then, neither the packet nor its connection nor a count.
#pragma once

#include "core/pipeline/account.hh"
#include "core/pipeline/forward.hh"

namespace bpvs {

/// What arrived, up to its IP header; Reason::count when it is ours to look at.
template <class E>
[[gnu::always_inline]] inline Reason read_ip(E& e, net::Packet& p) {
    if (!e.for_us())
        return Reason::not_for_us;
    const Family family = e.family();
    if (family == Family::none)
        return Reason::not_ip;
    const Reason why = net::parse_ip(e, family, E::l3, p);
    return why == Reason::count ? net::find_length(e, p) : why;
}

/// A world in front of another sends on what is ready to leave through an interface that loses nothing.
template <class E>
[[gnu::always_inline]] inline bool leaves_to_next([[maybe_unused]] E& e, [[maybe_unused]] Leave leave,
                                                  [[maybe_unused]] const Verdict& v) {
    if constexpr (FrontEnv<E>)
        return leave != Leave::direct || !e.sends_through(v.ifindex);
    else
        return false;
}

/// A connection whose first packet is left to the next world.
[[gnu::always_inline]] inline void put_off(Conn& c) {
    const ConnStatus s = read_status(c);
    if (s.is.life == Life::live)
        swap_status(c, s, make_status(s.is.life, s.is.state, s.is.flags | conn_put_off));
}

/// Was it put off until now? True once.
[[gnu::always_inline]] inline bool begins(Conn& c) {
    const ConnStatus s = read_status(c);
    return (s.is.flags & conn_put_off) != 0 &&
           swap_status(c, s, make_status(s.is.life, s.is.state, static_cast<u16>(s.is.flags & ~conn_put_off)));
}

/// A client's packet of a connection, new or known.
template <class E>
[[gnu::always_inline]] inline Verdict pass_request(E& e, const Config& config, const net::Packet& p, const Found& found,
                                                   const Dest& dest, bool is_new) {
    Conn& c = *found.conn;
    Verdict v = verdict(Reason::request_forwarded);
    const Leave leave = way_of_request(e, config, p, c, v);
    if (leaves_to_next(e, leave, v)) {
        if (is_new)
            put_off(c);
        return verdict(Reason::left_to_tc);
    }
    is_new = is_new || begins(c);
    if (is_new)
        v.reason = Reason::new_connection;
    account<Direction::request>(e, config, c, dest, p.length, is_new);
    update_state(e, config, found, p);
    return send_request(e, p, c, leave, v, is_new ? Reason::new_to_stack : Reason::request_to_stack);
}

/// A destination's packet of a connection that goes on.
template <class E>
[[gnu::always_inline]] inline Verdict pass_reply(E& e, const Config& config, const net::Packet& p, const Found& found,
                                                 const Dest* dest) {
    Conn& c = *found.conn;
    Verdict v = verdict(Reason::reply_forwarded);
    const Leave leave = way_of_reply(e, config, p, c, v);
    if (leaves_to_next(e, leave, v))
        return verdict(Reason::left_to_tc);
    if (dest)
        account<Direction::reply>(e, config, c, *dest, p.length, false);
    update_state(e, config, found, p);
    return send_reply(e, p, c, leave, v);
}

} // namespace bpvs
