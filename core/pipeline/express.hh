// The short way, for what most packets are: a TCP segment or a UDP datagram in
// a plain IPv4 header, of a connection that is established, and whose way out is known. Nothing is decided about such a
// packet; and everything about its shape is known beforehand, so that one check of the frame's end is enough.
//
// Whatever is otherwise in any respect takes the long way, ingress() or front(), and nothing has been done about it by
// then. A packet that is nobody's, neither a connection's nor for a service, is known here as well.
#pragma once

#include "core/pipeline/front.hh"

namespace bpvs {

constexpr Verdict long_way = verdict(Reason::count);

/// What an express packet's headers have to be in, from the beginning of its frame.
template <class E>
constexpr u32 express_length = E::l3 + net::ipv4::min_size + net::tcp::min_size;

/// The status of a connection that takes the short way: its state stays what it is, whatever else its packets say.
template <IpProto protocol>
[[gnu::always_inline]] inline u32 established_word() {
    return protocol == IpProto::tcp ? make_status(Life::live, State::established, 0).word
                                    : make_status(Life::live, State::udp, conn_inactive).word;
}

/// Is this the connection, in this direction? IPv4 only; a template's status is none that is established.
template <Direction direction>
[[gnu::always_inline]] inline bool is_of(const Conn& c, const Flow& f) {
    const u8* words = static_cast<const u8*>(__builtin_assume_aligned(&c, alignof(Conn)));
    const u32 kind = static_cast<u32>(f.protocol) | static_cast<u32>(f.family) << 8;
    if constexpr (direction == Direction::request) {
        const u32 ports = static_cast<u32>(f.sport) | static_cast<u32>(f.dport) << 16; // cport, vport
        return c.client.word[0] == f.saddr.word[0] && c.vip.word[0] == f.daddr.word[0] &&
               net::load<u32>(words + __builtin_offsetof(Conn, cport)) == ports &&
               net::load<u16>(words + __builtin_offsetof(Conn, protocol)) == kind;
    } else {
        const u32 rest = static_cast<u32>(f.sport) | kind << 16; // dport, protocol, family
        return c.dest.word[0] == f.saddr.word[0] && c.client.word[0] == f.daddr.word[0] && c.cport == f.dport &&
               net::load<u32>(words + __builtin_offsetof(Conn, dport)) == rest;
    }
}
static_assert(__builtin_offsetof(Conn, vport) == __builtin_offsetof(Conn, cport) + 2 &&
              __builtin_offsetof(Conn, dport) % 4 == 0 &&
              __builtin_offsetof(Conn, protocol) == __builtin_offsetof(Conn, dport) + 2 &&
              __builtin_offsetof(Conn, family) == __builtin_offsetof(Conn, protocol) + 1);

/// As may_lack_sum(), without folding: a sum of three words that is the field's is more by a multiple of 0xffff.
/// `pseudo`: a sum of two words.
[[gnu::always_inline]] constexpr bool seems_pseudo(Be16 field, u32 pseudo, u32 length) {
    const u32 more = pseudo + static_cast<u16>(to_be16(static_cast<u16>(length))) - static_cast<u16>(field);
    return more == 0 || more == 0xffff || more == 2 * 0xffff;
}

/// A packet of `c`, if it is one.
template <IpProto protocol, Direction direction, class E, class Finish>
[[gnu::always_inline]] inline auto pass_established(E& e, const Config& config, const net::Packet& p, Conn& c,
                                                    Finish finish) {
    constexpr bool is_reply = direction == Direction::reply;
    constexpr State state = protocol == IpProto::tcp ? State::established : State::udp;
    const u64 now = e.now();
    if (read_status(c).word != established_word<protocol>() || !is_of<direction>(c, p.flow) || expired(c, now))
        return finish(long_way);
    const u8* check = e.at(p.l4 + (protocol == IpProto::tcp ? net::tcp::check : net::udp::check), sizeof(Be16));
    if (!check)
        return finish(long_way);
    if (seems_pseudo(net::load<Be16>(check), u32{c.pseudo} + (is_reply ? c.change : 0),
                     p.length - net::ipv4::min_size)) {
        if constexpr (FrontEnv<E>)
            return finish(long_way);
        else
            e.may_be_partial();
    }
    if (is_reply && protocol == IpProto::udp && c.control != 0) // the first one assures the template
        return finish(long_way);
    const Egress& way = is_reply ? c.to_client : c.to_dest;
    if (!is_fresh(way, config, static_cast<u32>(now)) || e.segment_length(p) > way.mtu)
        return finish(long_way);
    if constexpr (FrontEnv<E>)
        if (!e.sends_through(way.ifindex))
            return finish(long_way);
    const Dest* dest = e.dest(c.dest_id);
    if (!dest || dest->drained != 0)
        return finish(long_way);

    account<direction>(e, config, c, *dest, p.length, false);
    const u64 expires = now + u64{config.timeouts[static_cast<u32>(state)]} * config.hz;
    if (c.expires != expires)
        c.expires = expires;
    const bool done = is_reply ? net::rewrite<net::Side::source>(e, E::l3, p, c.vip, c.vport, reply_change(c), true)
                               : net::rewrite<net::Side::destination>(e, E::l3, p, c.dest, c.dport, c.change, true);
    if (!done || !write_macs(e, way))
        return finish(verdict(Reason::internal_error));
    Verdict v = verdict(is_reply ? Reason::reply_forwarded : Reason::request_forwarded);
    v.ifindex = way.ifindex;
    return finish(v);
}

/// Could it begin a connection, or be a stray of a server? In front of another world that is where marks lead to
/// services, and strays are answered.
template <class E>
[[gnu::always_inline]] inline bool may_be_served(const Config& config, const Flow& flow) {
    if constexpr (!FrontEnv<E>)
        if (config.marks.rules != 0 || (config.offered.kinds & mark_kind) != 0 || config.settings.nat_icmp_send != 0)
            return true;
    return (config.offered.kinds & wide_kind) != 0 || may_offer(config.offered, flow.daddr, flow.dport);
}

/// What becomes of a packet that is nobody's.
template <class E>
constexpr Reason nobodys = FrontEnv<E> ? Reason::left_to_tc : Reason::no_service;

/// Finds its connection. `goes_on`: it changes no state of one.
template <IpProto protocol, class E, class Finish>
[[gnu::always_inline]] inline auto express_to_connection(E& e, const Config& config, const net::Packet& p, bool goes_on,
                                                         Finish finish) {
    if (!goes_on && may_be_served<E>(config, p.flow))
        return finish(long_way);
    const FlowPlace place = place_of(config, p.flow);
    const FlowBucket* b = e.bucket(place.bucket);
    if (!b)
        return finish(long_way);
    const u32 whose = find_tag(*b, place.tag);
    if (whose == 0)
        return finish(b->more != 0 || may_be_served<E>(config, p.flow) ? long_way : verdict(nobodys<E>));
    const FlowTarget target = target_of(whose);
    Conn* c = goes_on ? e.conn(target.conn) : nullptr;
    if (!c)
        return finish(long_way);
    return target.reply ? pass_established<protocol, Direction::reply>(e, config, p, *c, finish)
                        : pass_established<protocol, Direction::request>(e, config, p, *c, finish);
}

/// What `finish` makes of the verdict on an arriving packet, or of long_way. It is called where the verdict is known:
/// what it does about one is decided when it is compiled.
template <class E, class Finish>
[[gnu::always_inline]] inline auto express(E& e, Finish finish) {
    const Config* config = e.config();
    if (!config || !config->in_force.enabled || !e.for_us())
        return finish(long_way);
    const u8* header = e.at(E::l3, net::ipv4::min_size + net::tcp::min_size);
    if (!header || e.family() != Family::v4 || header[0] != 0x45)
        return finish(long_way);
    Flow flow{};
    net::Packet p{flow};
    if (net::parse_ipv4(e, E::l3, p) != Reason::count || p.ttl <= 1)
        return finish(long_way);
    // Most packets are as long as their frame, or in the shortest frame of Ethernet. Of others it has to be looked
    // whether all of them is there, and in how many buffers.
    const u32 there = e.length();
    if (p.length != there && (p.length > there || there > net::eth::shortest_payload))
        return finish(long_way);
    const u8* l4 = header + net::ipv4::min_size;
    const u32 ports = net::load<u32>(l4);
    flow.sport = static_cast<Be16>(static_cast<u16>(ports));
    flow.dport = static_cast<Be16>(static_cast<u16>(ports >> 16));
    if (flow.protocol == IpProto::udp) {
        if (p.length < net::ipv4::min_size + net::udp::size)
            return finish(long_way);
        p.l4_size = net::udp::size;
        return express_to_connection<IpProto::udp>(e, *config, p, true, finish);
    }
    if (flow.protocol != IpProto::tcp || p.length < net::ipv4::min_size + net::tcp::min_size ||
        l4[net::tcp::data_offset] >> 4 < net::tcp::min_size / 4)
        return finish(long_way);
    p.l4_size = static_cast<u8>((l4[net::tcp::data_offset] >> 4) << 2);
    constexpr u8 told = net::tcp::rst | net::tcp::syn | net::tcp::fin | net::tcp::ack;
    return express_to_connection<IpProto::tcp>(e, *config, p, (l4[net::tcp::flags] & told) == net::tcp::ack, finish);
}

} // namespace bpvs
