// Answers: a packet that is refused becomes the ICMP error that says so, port unreachable, and goes back to its sender.
//
// IPVS has its host make these: from the address that was written to, quoting the packet as it arrived, as much of
// it as fits into 576 bytes (RFC 1812, section 4.3.2.3), over IPv6 into 1280 (RFC 4443, section 2.4). Hosts send only
// so many of them a second; here there is no such limit.
#pragma once

#include "core/net/icmp.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/forward.hh"

namespace bpvs {

constexpr u32 answer_header_v4 = net::ipv4::min_size + net::icmp::size;
constexpr u32 answer_header_v6 = net::ipv6::size + net::icmp::size;
constexpr u32 longest_quote_v4 = 576 - answer_header_v4;
constexpr u32 longest_quote_v6 = 1280 - answer_header_v6;
static_assert(longest_quote_v6 <= longest_sum);

constexpr u8 answer_ttl = 64;               ///< Linux's default
constexpr u8 internetwork_control = 6 << 5; ///< precedence of ICMP errors (RFC 1812, section 4.3.2.5)

/// Errors go to one host only (RFC 1122, section 3.2.2).
[[gnu::always_inline]] constexpr bool is_host(Family family, const Address& a) {
    const u32 first = from_be32(a.word[0]) >> 24;
    if (family == Family::v6)
        return first != 0xff && (a.word[0] != Be32{} || a.word[1] != Be32{} || a.word[2] != Be32{});
    return first != 0 && first != 127 && first < 224;
}

/// The sum of what is quoted: the first `length` bytes of the packet, which are all that is left of it. no_id: it
/// cannot be.
///
/// The packet of a local stack may have left its transport sum to a device, which will put it into the quoted header
/// when the answer leaves, and so change what ICMP sums up. Let the transport's bytes sum up to t without that field,
/// which holds f: the device replaces f by ~(t + f). An f for which that is f again makes the answer right before and
/// after: 2f = ~t, and dividing by two in one's complement is a rotation to the right.
template <class E>
[[gnu::always_inline]] inline u32 quote(E& e, const net::Packet& p, u32 length) {
    const u32 field_at = p.l4 + net::check_in(p.flow.protocol);
    const bool left = net::has_ports(p.flow) && e.sum_is_left_to_device(field_at);
    if (!e.trim(length))
        return no_id;
    if (left) {
        const u32 transport = e.sum(p.l4, E::l3 + length - p.l4);
        u8* field = e.at(field_at, sizeof(Be16));
        if (!field || transport == no_id)
            return no_id;
        const u32 without = transport + (static_cast<u32>(net::load<Be16>(field)) ^ 0xffffu);
        const u32 twice = net::fold(without) ^ 0xffffu;
        net::store(field, static_cast<Be16>(twice >> 1 | twice << 15));
    }
    return e.sum(E::l3, length);
}

/// Writes the headers of an IPv4 answer in front of `quoted` bytes that sum up to `sum`.
template <class E>
[[gnu::always_inline]] inline bool put_headers_v4(E& e, const net::Packet& p, const Address& from, Be16 id, u32 quoted,
                                                  u32 sum) {
    u8 h[answer_header_v4] = {};
    h[0] = 0x45;
    h[net::ipv4::tos] = static_cast<u8>(internetwork_control | (p.tos & 0x1e));
    net::store(h + net::ipv4::total_length, to_be16(static_cast<u16>(sizeof h + quoted)));
    net::store(h + net::ipv4::id, id);
    h[net::ipv4::ttl] = answer_ttl;
    h[net::ipv4::protocol] = static_cast<u8>(IpProto::icmp);
    net::store(h + net::ipv4::src, from.word[0]);
    net::store(h + net::ipv4::dst, p.flow.saddr.word[0]);
    const u32 ip_sum = net::sum_of<net::ipv4::min_size>(h);
    net::store(h + net::ipv4::check, static_cast<Be16>(net::fold(ip_sum) ^ 0xffffu));
    u8* icmp = h + net::ipv4::min_size;
    icmp[net::icmp::type] = net::icmp::dest_unreachable;
    icmp[net::icmp::code] = net::icmp::port_unreachable;
    const u32 icmp_sum = net::sum_of<net::icmp::size>(icmp) + sum;
    net::store(icmp + net::icmp::check, static_cast<Be16>(net::fold(icmp_sum) ^ 0xffffu));
    return e.make_room(sizeof h) && e.put(E::l3, h, sizeof h);
}

/// The same over IPv6, whose ICMP sums up the addresses, too.
template <class E>
[[gnu::always_inline]] inline bool put_headers_v6(E& e, const net::Packet& p, const Address& from, u32 quoted,
                                                  u32 sum) {
    u8 h[answer_header_v6] = {};
    const Be16 length = to_be16(static_cast<u16>(net::icmp::size + quoted));
    h[0] = 0x60;
    net::store(h + net::ipv6::payload_length, length);
    h[net::ipv6::next_header] = static_cast<u8>(IpProto::icmp6);
    h[net::ipv6::hop_limit] = answer_ttl;
    net::store(h + net::ipv6::src, from);
    net::store(h + net::ipv6::dst, p.flow.saddr);
    u8* icmp = h + net::ipv6::size;
    icmp[net::icmp::type] = net::icmp::dest_unreachable_v6;
    icmp[net::icmp::code] = net::icmp::port_unreachable_v6;
    const u32 pseudo = net::sum_of<2 * sizeof(Address)>(h + net::ipv6::src) + static_cast<u32>(length) +
                       static_cast<u32>(to_be16(static_cast<u16>(IpProto::icmp6)));
    const u32 icmp_sum = net::sum_of<net::icmp::size>(icmp) + pseudo + sum;
    net::store(icmp + net::icmp::check, static_cast<Be16>(net::fold(icmp_sum) ^ 0xffffu));
    return e.make_room(sizeof h) && e.put(E::l3, h, sizeof h);
}

/// Where the answer leaves: as the kernel's tables say, else through the interface that the packet came by, to the
/// neighbour that sent it. False: it cannot.
template <class E>
[[gnu::always_inline]] inline bool send_back(E& e, const net::Packet& p, const Address& from, Verdict& v) {
    const IpProto protocol = p.flow.family == Family::v6 ? IpProto::icmp6 : IpProto::icmp;
    const RouteQuery query{from, p.flow.saddr, Be16{}, Be16{}, protocol, p.flow.family, p.tos, 0};
    const Route* route = e.route(query);
    if (route && route->status == RouteStatus::ok) {
        v.ifindex = route->egress.ifindex;
        return write_macs(e, route->egress);
    }
    v.by_neighbour = route && route->status == RouteStatus::no_neighbour;
    if (v.by_neighbour) {
        v.ifindex = route->egress.ifindex;
        v.next_hop = &route->next_hop;
        return true;
    }
    v.ifindex = e.ifindex();
    const volatile u8* frame = e.at(0, net::eth::type); // volatile: at() says that it is aligned, and here it is not
    if (!frame)
        return false;
    Egress back{};
    for (u32 i = 0; i < 6; i++) {
        back.dmac[i] = frame[net::eth::src + i];
        back.smac[i] = frame[net::eth::dst + i];
    }
    return write_macs(e, back);
}

/// Is the packet on its way through this host?
template <class E>
[[gnu::always_inline]] inline bool passes_through(E& e, const net::Packet& p) {
    const RouteQuery query{p.flow.saddr, p.flow.daddr, Be16{}, Be16{}, p.flow.protocol, p.flow.family, p.tos, 0};
    const Route* route = e.route(query);
    return route && route->status != RouteStatus::stack;
}

/// What is on its way through is quoted as it would have been sent on, and answered from this host's own address
/// towards its sender, as IPVS's host does; where the kernel does not tell, from the address that it was sent to.
template <class E>
[[gnu::always_inline]] inline bool count_down(E& e, const net::Packet& p, Address& from) {
    const RouteQuery query{p.flow.daddr, p.flow.saddr, Be16{}, Be16{}, p.flow.protocol, p.flow.family, p.tos, 0};
    e.own_address(query, from);
    return net::rewrite_ip<net::Side::source>(e, p.flow.family, E::l3, p.flow.saddr, 0, true);
}

/// Turns the packet into its answer. False: there is none.
template <class E>
[[gnu::always_inline]] inline bool make_answer(E& e, const net::Packet& p, bool through, Verdict& v) {
    const bool v6 = p.flow.family == Family::v6;
    const u8* ip = e.at(E::l3, net::ipv4::min_size);
    if (!ip || !is_host(p.flow.family, p.flow.saddr))
        return false;
    const Be16 id = net::load<Be16>(ip + net::ipv4::id); // a sender that makes its own unique makes ours so
    Address from = p.flow.daddr;
    if (through && !count_down(e, p, from))
        return false;
    const u32 most = v6 ? longest_quote_v6 : longest_quote_v4;
    u32 quoted = p.length < most ? p.length : most;
    net::forget(e, quoted);
    const u32 sum = quote(e, p, quoted);
    if (sum == no_id)
        return false;
    const bool written = v6 ? put_headers_v6(e, p, from, quoted, sum) : put_headers_v4(e, p, from, id, quoted, sum);
    return written && send_back(e, p, from, v);
}

/// What ingress() refused for `reason` is answered, or dropped; with cache_bypass it may go on. Reads the packet anew.
template <class E>
[[gnu::always_inline]] inline Verdict answer(E& e, Reason reason) {
    Flow flow{};
    net::Packet p{flow};
    if (net::parse_ip(e, e.family(), E::l3, p) != Reason::count || net::find_length(e, p) != Reason::count)
        return verdict(Reason::unanswered);
    bool through = false;
    if (reason != Reason::no_destination)
        through = passes_through(e, p);
    if (reason == Reason::bypassed && through)
        return verdict(reason);
    Verdict v = verdict(reason == Reason::bypassed ? Reason::no_destination : reason);
    return make_answer(e, p, through, v) ? v : verdict(Reason::unanswered);
}

} // namespace bpvs
