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

/// The service of the mark, else the one that `flow` is addressed to: by its port, as data of a persistent service of
/// FTP, or one on all ports.
template <class T>
[[gnu::always_inline]] inline const Service* service_of(T& t, const Config& config, const Flow& flow, u32 mark,
                                                        ServiceKey& key) {
    key = ServiceKey{};
    if (mark != 0) {
        key.fwmark = mark;
        key.generation = config.in_force.generation;
        key.family = flow.family;
        if (const Service* by_mark = t.find_service(key))
            return by_mark;
        key.fwmark = 0;
    }
    const bool by_port = may_offer(config.offered, flow.daddr, flow.dport);
    const bool wide = (config.offered.kinds & wide_kind) != 0;
    if (!by_port && !wide)
        return nullptr;
    key.vip = flow.daddr;
    key.generation = config.in_force.generation;
    key.vport = flow.dport;
    key.protocol = flow.protocol;
    key.family = flow.family;
    if (by_port)
        if (const Service* service = t.find_service(key))
            return service;
    if (!wide)
        return nullptr;
    if (flow.protocol == IpProto::tcp && may_be_ftp_data(flow.dport)) {
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
[[gnu::always_inline]] inline Reason refused(const Config& config, const Service& service, const Flow& flow) {
    if (service.fwmark != 0 && config.settings.cache_bypass)
        return Reason::bypassed; // answer() looks where it is for
    return service.vport == ftp_port && flow.dport != ftp_port ? Reason::no_service : Reason::no_destination;
}

/// The template that a new connection of a persistent service follows, held for it; no_id: `why` not.
template <class T>
[[gnu::always_inline]] inline u32 template_for(T& t, const Config& config, const Service& service, const Flow& flow,
                                               Reason& why) {
    const u32 index = t.hold_template(service, flow);
    if (index != no_id)
        return index;
    const u32 chosen = t.choose(service, flow);
    if (chosen == no_id) {
        why = refused(config, service, flow);
        return no_id;
    }
    make_template(t, service, flow, chosen);
    why = Reason::table_full;
    return t.hold_template(service, flow); // ours, or another CPU's
}

/// What schedule() is told of a packet beside its tuple and mark.
enum Opening : u32 {
    may_open = 1, ///< opens_connection()
    in_front = 2, ///< in a FrontEnv
    again = 4,    ///< the last call ended in a collision
};

/// A new connection for a packet of `flow`, at the destination that is chosen for it. A destination whose reply tuple
/// is taken by another live connection cannot have it, so that no live connection is ever broken: then another one may.
template <class T>
[[gnu::always_inline]] inline Scheduled schedule(T& t, const Config& config, const Flow& flow, u32 mark, u32 opening,
                                                 Workspace& w) {
    const auto refuse = [](Reason why) { return Scheduled{why, false, no_id}; };
    const Service* service = service_of(t, config, flow, mark, w.service);
    if (!service)
        return refuse(Reason::no_service);
    if ((opening & again) == 0) {
        if ((opening & may_open) == 0)
            return refuse(Reason::no_connection);
        if (drops_packet(t, config))
            return refuse(Reason::drop_packet);
        w.tried.count = 0;
    }
    Kind kind{0, (service->flags & service_one_packet) && flow.protocol == IpProto::udp};
    if (kind.one_packet && (opening & in_front) != 0) // one that must be left in the end could not be found again
        return refuse(Reason::left_to_tc);

    Conn* control = nullptr;
    u32 id = no_id;
    if (service->persistence != 0) { // to where the client's template leads, or not at all
        Reason why = Reason::internal_error;
        const u32 index = template_for(t, config, *service, flow, why);
        control = t.conn(index);
        if (!control)
            return refuse(why);
        kind.control = index + 1;
        id = control->dest_id;
    } else {
        id = t.choose(*service, flow);
        if (id == no_id)
            return refuse(w.tried.count != 0 ? Reason::collision : refused(config, *service, flow));
    }
    Dest* dest = t.dest(id);
    if (!dest)
        return refuse(Reason::internal_error);
    u32 opened = no_id;
    const Created created = create_connection(t, config, flow, id, *dest, kind, w, opened);
    if (control && created != Created::yes)
        __sync_fetch_and_add(&control->controlled, -1u);
    const u32 n = w.tried.count;
    const bool others = created == Created::collision && !control && service->entries > 1 && n < schedule_tries;
    if (others) {
        w.tried.ids[n] = id;
        w.tried.count = n + 1;
    }
    return Scheduled{reason_of(created), others, opened};
}

/// As Opening.
template <class E>
[[gnu::always_inline]] inline u32 opening_of(const Config& config, const net::Packet& p) {
    return (opens_connection(config, p) ? u32{may_open} : 0) | (FrontEnv<E> ? u32{in_front} : 0);
}

/// A new connection for a packet of `flow`, `found`; null: why not.
template <class T>
[[gnu::always_inline]] inline Reason open_connection(T& t, const Flow& flow, u32 mark, u32 opening, Found& found) {
    Scheduled s{};
    for (u32 i = 0; i < schedule_tries; i++) {
        s = t.schedule(flow, mark, opening);
        if (!s.again)
            break;
        opening |= again;
    }
    found = Found{t.conn(s.conn), s.conn, Direction::request, nullptr};
    return s.reason;
}

} // namespace bpvs
