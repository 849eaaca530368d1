// SCTP (RFC 9260): what a packet's chunks say about its connection.
#pragma once

#include "core/net/headers.hh"

namespace bpvs::net {

/// What moves a connection on, by the first chunk. `data`: chunks of no other kind, too.
enum class SctpEvent : u8 {
    data = 0,
    init,
    init_ack,
    cookie_echo,
    cookie_ack,
    shutdown,
    shutdown_ack,
    shutdown_complete,
    error,
    abort,
    cookie_abort, ///< COOKIE ECHO or COOKIE ACK, and ABORT behind it
    none,         ///< there is no whole chunk header
};

/// The event of a chunk of this type: sixteen types as four bits each, from type 15 down; further ones are as DATA.
[[gnu::always_inline]] constexpr SctpEvent event_of_chunk(u32 type) {
    constexpr u64 events = 0x0700'4386'5900'0210;
    return type < 16 ? static_cast<SctpEvent>(events >> type * 4 & 15) : SctpEvent::data;
}

/// A chunk's header, loaded from the wire: type, flags, length.
[[gnu::always_inline]] constexpr u32 chunk_type(u32 header) { return header & 255; }
[[gnu::always_inline]] constexpr u32 chunk_length(u32 header) { return from_be16(static_cast<Be16>(header >> 16)); }

/// The event of the packet whose SCTP header is at `l4` and which ends at `end`. As IPVS, looks at the first chunk, and
/// behind a cookie for ABORT.
template <class E>
[[gnu::always_inline]] inline SctpEvent sctp_event(E& e, u32 l4, u32 end) {
    u32 at = l4 + sctp::size;
    u32 header = 0;
    if (at + sizeof header > end || !e.read(at, header))
        return SctpEvent::none;
    const SctpEvent event = event_of_chunk(chunk_type(header));
    if (event != SctpEvent::cookie_echo && event != SctpEvent::cookie_ack)
        return event;
    const u32 length = chunk_length(header);
    if (length < sizeof header)
        return event;
    at += (length + 3) & ~3u;
    if (at + sizeof header > end || !e.read(at, header))
        return event;
    return event_of_chunk(chunk_type(header)) == SctpEvent::abort ? SctpEvent::cookie_abort : event;
}

/// What may open a connection with sloppy_sctp: any chunk but ABORT in the first place.
[[gnu::always_inline]] constexpr bool may_open(SctpEvent event) {
    return event != SctpEvent::abort && event != SctpEvent::none;
}

} // namespace bpvs::net
