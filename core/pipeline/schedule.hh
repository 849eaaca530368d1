// Scheduling: the first packet of a connection to a service chooses a destination.
#pragma once

#include "core/pipeline/connection.hh"
#include "core/pipeline/defence.hh"
#include "core/pipeline/schedulers/workspace.hh"
#include "core/pipeline/verdict.hh"

namespace bpvs {

/// The service of `p`'s mark, else the one that it is addressed to.
template <class T>
[[gnu::always_inline]] inline const Service* service_of(T& t, const Config& config, const net::Packet& p, u32 mark) {
    ServiceKey key{};
    if (mark != 0) {
        key.fwmark = mark;
        key.generation = config.in_force.generation;
        key.family = p.flow.family;
        if (const Service* by_mark = t.find_service(key))
            return by_mark;
        key.fwmark = 0;
    }
    key.vip = p.flow.daddr;
    key.generation = config.in_force.generation;
    key.vport = p.flow.dport;
    key.protocol = p.flow.protocol;
    key.family = p.flow.family;
    return t.find_service(key);
}

/// May this packet open a connection? Any TCP segment with SYN and without RST may, as in IPVS; with sloppy_tcp
/// SYN is not asked for.
[[gnu::always_inline]] inline bool opens_connection(const Config& config, const net::Packet& p) {
    if (p.flow.protocol == IpProto::udp)
        return true;
    if (p.tcp_flags & net::tcp::rst)
        return false;
    return (p.tcp_flags & net::tcp::syn) || config.settings.sloppy_tcp;
}

/// A new connection for `p`. A destination whose reply tuple is taken by another live connection is passed
/// over, so that no live connection is ever broken. Reason::new_connection with `found` set, or why not.
template <class T>
[[gnu::always_inline]] inline Reason schedule(T& t, const Config& config, const net::Packet& p, u32 mark,
                                              Found& found) {
    const Service* service = service_of(t, config, p, mark);
    if (!service)
        return Reason::no_service;
    if (!opens_connection(config, p))
        return Reason::no_connection;
    if (drops_packet(t, config))
        return Reason::drop_packet;
    Cursor* cursor = t.cursor(service->id);
    Workspace* w = t.workspace();
    if (!cursor || !w)
        return Reason::internal_error;

    w->tried.count = 0;
    for (u32 i = 0; i < schedule_tries; i++) {
        const u32 id = t.choose(*service, *cursor, p.flow);
        if (id == no_id)
            break;
        Dest* dest = t.dest(id);
        if (!dest)
            return Reason::internal_error;
        const Created created = create_connection(t, config, p, id, *dest, found);
        if (created == Created::yes)
            return Reason::new_connection;
        if (created == Created::no_room)
            return Reason::table_full;
        if (created == Created::lost_race)
            return Reason::raced;
        w->tried.ids[i] = id;
        w->tried.count = i + 1;
        if (service->entries == 1)
            break;
    }
    return w->tried.count ? Reason::collision : Reason::no_destination;
}

} // namespace bpvs
