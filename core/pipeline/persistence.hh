// Persistence: which server a client's connections go to, and for how long.
//
// A template is a slot of `conns` that no packet belongs to: it maps a client, or a client network, to a server of
// one service. A new connection follows the template of its client, or the scheduler chooses and a template is made
// of the choice. A template lives for the service's time after its last new connection, and at least as long as
// connections that have it, in steps of a minute.
#pragma once

#include "core/pipeline/connection.hh"
#include "core/pipeline/schedulers/workspace.hh"

namespace bpvs {

constexpr Be16 ftp_port = to_be16(21);
/// A template that gave way to another has these ports until it ends, as in IPVS.
constexpr Be16 given_way_port = Be16{0xffff};

/// Seconds that a template goes on when it would end before its connections.
constexpr u32 template_grace = 60;

/// The client's address without the bits that do not tell clients apart. `netmask`: as Service::netmask.
[[gnu::always_inline]] inline Address network_of(const Address& client, Family family, u32 netmask) {
    Address a = client;
    if (family == Family::v4) {
        a.word[0] = static_cast<Be32>(static_cast<u32>(a.word[0]) & netmask);
        return a;
    }
    for (u32 i = 0; i < 4; i++) {
        const u32 bits = netmask > i * 32 ? netmask - i * 32 : 0;
        const u32 mask = bits >= 32 ? 0xffffffffu : bits == 0 ? 0 : 0xffffffffu << (32 - bits);
        a.word[i] = static_cast<Be32>(static_cast<u32>(a.word[i]) & static_cast<u32>(to_be32(mask)));
    }
    return a;
}

/// The key of the client's template: all ports of a service on all ports share one, as do all protocols of a mark,
/// and FTP's data connections that of the control connection.
[[gnu::always_inline]] inline void template_flow(const Service& service, const Flow& packet, Flow& key) {
    key = Flow{};
    key.saddr = network_of(packet.saddr, packet.family, service.netmask);
    key.family = packet.family;
    key.kind = 1;
    if (service.fwmark != 0) {
        key.daddr.word[0] = to_be32(service.fwmark);
        return;
    }
    key.daddr = packet.daddr;
    key.protocol = packet.protocol;
    if (packet.dport == service.vport && service.vport != ftp_port)
        key.dport = packet.dport;
}

/// May new connections follow a template to this server? Also to one of weight 0, unless the setting says otherwise or
/// its connections are over, and to an overloaded one.
[[gnu::always_inline]] inline bool keeps_clients(const Config& config, const Dest& d, u64 now) {
    return d.service != no_id && (d.drained == 0 || now < d.drained) &&
           !(config.settings.expire_quiescent_template && (d.flags & dest_quiesced));
}

/// Ends a template that no connection has.
template <class T>
[[gnu::always_inline]] inline void end_template(T& t, u32 index, Conn& c) {
    const ConnStatus before = read_status(c);
    if (before.is.life != Life::live ||
        !swap_status(c, before, make_status(Life::limbo, before.is.state, before.is.flags)))
        return;
    if (*static_cast<const volatile u32*>(&c.controlled) != 0) { // one has it since we looked
        c.status = before;
        return;
    }
    t.erase_flow(FlowTarget{index, 0});
    c.expires = t.now();
    if (Dest* d = t.dest(c.dest_id)) {
        __sync_fetch_and_add(&d->persistent, -1u);
        note_relief(t, c.dest_id, *d);
    }
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, -1u);
}

/// The template leaves its place for another, once, however many CPUs want it to.
template <class T>
[[gnu::always_inline]] inline void give_way(T& t, u32 index, Conn& c) {
    const ConnStatus before = read_status(c);
    if (before.is.flags & conn_given_way)
        return;
    const u16 flags = before.is.flags | conn_given_way;
    if (!swap_status(c, before, make_status(before.is.life, before.is.state, flags)))
        return;
    t.erase_flow(FlowTarget{index, 0});
    c.vport = given_way_port;
    c.dport = given_way_port;
}

/// A slot for the template of a client, which nobody can find yet; no_id: there is no room.
template <class T>
[[gnu::always_inline]] inline u32 prepare_template(T& t, const Config& config, const Service& service,
                                                   const Flow& packet, u32 dest_id, Workspace& w) {
    u32 index = 0;
    Dest* dest = t.dest(dest_id);
    if (!dest || !t.take_conn(&index))
        return no_id;
    Conn* c = t.conn(index);
    if (!c)
        return no_id;
    Flow& key = w.template_key;
    template_flow(service, packet, key);
    c->status = make_status(Life::building, State::none, conn_template);
    c->client = key.saddr;
    c->vip = key.daddr;
    c->dest = dest->addr;
    c->cport = Be16{};
    c->vport = key.dport;
    c->dport = packet.dport == service.vport && service.vport != ftp_port ? dest->port : Be16{};
    c->protocol = key.protocol;
    c->family = key.family;
    c->dest_id = dest_id;
    c->expires = t.now() + u64{service.persistence} * config.hz;
    c->controlled = 0;
    return index;
}

/// Makes the template of a client, if there is room and no other CPU was faster.
template <class T>
[[gnu::always_inline]] inline void make_template(T& t, const Service& service, const Flow& packet, u32 dest_id) {
    const u32 index = t.prepare_template(service, packet, dest_id);
    Conn* c = t.conn(index);
    Dest* dest = t.dest(dest_id);
    if (!c || !dest)
        return;
    if (t.insert_flow(FlowTarget{index, 0}) != flow_inserted) {
        c->expires = t.now();
        c->status = make_status(Life::limbo, State::none, conn_template);
        return;
    }
    __sync_fetch_and_add(&dest->persistent, 1u);
    note_load(t, dest_id, *dest);
    if (Table* table = t.table())
        __sync_fetch_and_add(&table->live, 1u);
    c->status = make_status(Life::live, State::none, conn_template);
}

/// The client's template, restarted; no_id: it has none that leads anywhere. The caller holds it: one more connection
/// has it.
template <class T>
[[gnu::always_inline]] inline u32 hold_template(T& t, const Config& config, const Service& service, const Flow& packet,
                                                Workspace& w) {
    Flow& key = w.template_key;
    template_flow(service, packet, key);
    const u32 index = t.find_flow(key).conn;
    Conn* c = t.conn(index);
    if (!c)
        return no_id;
    const Dest* dest = t.dest(c->dest_id);
    if (!dest || !keeps_clients(config, *dest, t.now())) {
        give_way(t, index, *c);
        return no_id;
    }
    const u32 others = __sync_fetch_and_add(&c->controlled, 1u);
    if (read_status(*c).is.life == Life::live && (others != 0 || !expired(*c, t.now()))) {
        c->expires = t.now() + u64{service.persistence} * config.hz;
        return index;
    }
    __sync_fetch_and_add(&c->controlled, -1u); // its time is over
    end_template(t, index, *c);
    return no_id;
}

} // namespace bpvs
