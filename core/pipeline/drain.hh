// Drain: whether a known connection goes on, by what became of its server and by what the client asks for.
#pragma once

#include "core/pipeline/schedule.hh"

namespace bpvs {

/// What becomes of a known connection at one of its packets.
enum class Course : u8 {
    goes_on,
    anew,    ///< it ends, and the packet is treated as one that belongs to none
    reset,   ///< it ends, and both its ends are told
    dropped, ///< only the packet
};

/// Are the connections of this server over? A removed one's may be in IPVS's way, in which they are not.
template <class T>
[[gnu::always_inline]] inline bool is_drained(T& t, const Dest& dest) {
    return dest.drained != 0 && t.now() >= dest.drained;
}

[[gnu::always_inline]] inline bool is_reset(const net::Packet& p) { return (p.tcp_flags & net::tcp::rst) != 0; }

/// Does a SYN or an INIT begin anew because the connection is being closed? How far it must be is a setting's to say.
[[gnu::always_inline]] inline bool gives_way(const Config& config, const net::Packet& p, const Conn& c) {
    if (!asks_for_connection(p) || config.settings.conn_reuse_mode == 0)
        return false;
    const State s = read_status(c).is.state;
    if (config.settings.reuse_closing)
        return is_closing(s);
    return (s == State::time_wait || s == State::close || s == State::sctp_closed) && c.control == 0;
}

/// At a client's packet, when the server's connections are over. Resets are passed on, never answered.
[[gnu::always_inline]] inline Course course_when_drained(const Config& config, const net::Packet& p, const Conn& c,
                                                         const Dest& dest) {
    if (dest.drain == drain_unset) {
        if (config.settings.expire_nodest_conn)
            return Course::anew;
        if (!config.settings.reset_removed || p.flow.protocol == IpProto::sctp) // no ABORT is made
            return gives_way(config, p, c) ? Course::anew : Course::dropped;
    }
    if (p.flow.protocol != IpProto::tcp || asks_for_connection(p))
        return Course::anew;
    return is_reset(p) ? Course::goes_on : Course::reset;
}

/// At a client's packet.
template <class T>
[[gnu::always_inline]] inline Course course_of_request(T& t, const Config& config, const net::Packet& p, const Conn& c,
                                                       const Dest& dest) {
    if (is_drained(t, dest))
        return course_when_drained(config, p, c, dest);
    const bool quiesced = config.settings.expire_nodest_conn && (dest.flags & dest_quiesced);
    return (quiesced && asks_for_connection(p)) || gives_way(config, p, c) ? Course::anew : Course::goes_on;
}

/// At a server's packet. What a removed server still sends by UDP is translated, unless its service says when it ends.
template <class T>
[[gnu::always_inline]] inline Course course_of_reply(T& t, const Config& config, const net::Packet& p,
                                                     const Dest& dest) {
    if (!is_drained(t, dest))
        return Course::goes_on;
    if (p.flow.protocol != IpProto::tcp)
        return dest.drain == drain_unset ? Course::goes_on : Course::anew;
    const bool over = dest.drain != drain_unset || config.settings.reset_removed;
    return over && !is_reset(p) ? Course::reset : Course::goes_on;
}

} // namespace bpvs
