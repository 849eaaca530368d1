// Scheduling: the first packet of a connection to a service chooses a destination.
#pragma once

#include "core/pipeline/connection.hh"
#include "core/pipeline/defence.hh"
#include "core/pipeline/persistence.hh"
#include "core/pipeline/schedulers/workspace.hh"
#include "core/pipeline/verdict.hh"

namespace bpvs {

/// Ports that servers of FTP are asked for data on.
[[gnu::always_inline]] constexpr bool may_be_ftp_data(Be16 port) {
    return from_be16(port) == 20 || from_be16(port) >= 1024;
}

/// The service of `p`'s mark, else the one that it is addressed to: by its port, as data of a persistent service of
/// FTP, or one on all ports.
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
    const bool by_port = may_offer(config.offered, p.flow.daddr, p.flow.dport);
    const bool wide = (config.offered.kinds & wide_kind) != 0;
    if (!by_port && !wide)
        return nullptr;
    key.vip = p.flow.daddr;
    key.generation = config.in_force.generation;
    key.vport = p.flow.dport;
    key.protocol = p.flow.protocol;
    key.family = p.flow.family;
    if (by_port)
        if (const Service* service = t.find_service(key))
            return service;
    if (!wide)
        return nullptr;
    if (p.flow.protocol == IpProto::tcp && may_be_ftp_data(p.flow.dport)) {
        key.vport = ftp_port;
        const Service* ftp = t.find_service(key);
        if (ftp && ftp->persistence != 0)
            return ftp;
    }
    key.vport = Be16{};
    return t.find_service(key);
}

/// A TCP segment with SYN and without RST, or SCTP's INIT.
[[gnu::always_inline]] inline bool asks_for_connection(const net::Packet& p) {
    if (p.flow.protocol == IpProto::tcp)
        return (p.tcp_flags & (net::tcp::syn | net::tcp::rst)) == net::tcp::syn;
    return p.flow.protocol == IpProto::sctp && p.event == net::SctpEvent::init;
}

/// May this packet open a connection? One that asks for it may, as in IPVS; with sloppy_tcp or sloppy_sctp any but a
/// reset or ABORT.
[[gnu::always_inline]] inline bool opens_connection(const Config& config, const net::Packet& p) {
    if (p.flow.protocol == IpProto::udp || asks_for_connection(p))
        return true;
    if (p.flow.protocol == IpProto::sctp)
        return config.settings.sloppy_sctp && net::may_open(p.event);
    return config.settings.sloppy_tcp && !(p.tcp_flags & net::tcp::rst);
}

[[gnu::always_inline]] constexpr Reason reason_of(Created created) {
    switch (created) {
    case Created::yes:
    case Created::known:
        return Reason::new_connection;
    case Created::no_room:
        return Reason::table_full;
    case Created::lost_race:
        return Reason::raced;
    case Created::collision:
        break;
    }
    return Reason::collision;
}

/// No destination of the service can take the packet. One to a port of FTP's data was never for the service's own port:
/// it is the host's, as with IPVS.
[[gnu::always_inline]] inline Reason refused(const Config& config, const Service& service, const net::Packet& p) {
    if (service.fwmark != 0 && config.settings.cache_bypass)
        return Reason::bypassed; // answer() looks where it is for
    return service.vport == ftp_port && p.flow.dport != ftp_port ? Reason::no_service : Reason::no_destination;
}

/// A new connection of a persistent service: to where the client's template leads, or not at all.
template <class T>
[[gnu::always_inline]] inline Reason follow_template(T& t, const Config& config, const Service& service,
                                                     const net::Packet& p, Kind kind, Found& found) {
    u32 index = t.hold_template(service, p.flow);
    if (index == no_id) {
        const u32 chosen = t.choose(service, p.flow);
        if (chosen == no_id)
            return refused(config, service, p);
        make_template(t, service, p.flow, chosen);
        index = t.hold_template(service, p.flow); // ours, or another CPU's
    }
    if (index == no_id)
        return Reason::table_full;
    Conn* control = t.conn(index);
    if (!control)
        return Reason::internal_error;
    const u32 id = control->dest_id;
    Dest* dest = t.dest(id);
    if (!dest)
        return Reason::internal_error;
    kind.control = index + 1;
    const Created created = create_connection(t, config, p, id, *dest, kind, found);
    if (created != Created::yes)
        __sync_fetch_and_add(&control->controlled, -1u);
    return reason_of(created);
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
    Workspace* w = t.workspace();
    if (!w)
        return Reason::internal_error;

    w->tried.count = 0;
    Kind kind{0, (service->flags & service_one_packet) && p.flow.protocol == IpProto::udp};
    if constexpr (FrontEnv<T>)
        if (kind.one_packet) // one that must be left in the end could not be found again
            return Reason::left_to_tc;
    if (service->persistence != 0)
        return follow_template(t, config, *service, p, kind, found);
    for (u32 i = 0; i < schedule_tries; i++) {
        const u32 id = t.choose(*service, p.flow);
        if (id == no_id)
            break;
        Dest* dest = t.dest(id);
        if (!dest)
            return Reason::internal_error;
        const Created created = create_connection(t, config, p, id, *dest, kind, found);
        if (created != Created::collision)
            return reason_of(created);
        w->tried.ids[i] = id;
        w->tried.count = i + 1;
        if (service->entries == 1)
            break;
    }
    return w->tried.count ? Reason::collision : refused(config, *service, p);
}

} // namespace bpvs
