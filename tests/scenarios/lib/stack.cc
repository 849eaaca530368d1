#include "tests/scenarios/lib/stack.hh"

#include <algorithm>

namespace bpvs::scenario {

namespace {

constexpr std::size_t l2 = net::eth::size;
constexpr u8 own_ttl = 64;

u32 get16(const u8* p) { return static_cast<u32>(p[0] << 8 | p[1]); }
u32 get32(const u8* p) { return get16(p) << 16 | get16(p + 2); }

u32 sum_of(const u8* p, std::size_t n, u32 s = 0) {
    for (std::size_t i = 0; i < n; i++)
        s += i % 2 ? p[i] : static_cast<u32>(p[i]) << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

void set_ip_sum(u8* ip) {
    const std::size_t header = static_cast<std::size_t>(ip[0] & 15) * 4;
    ip[10] = ip[11] = 0;
    const u32 sum = sum_of(ip, header) ^ 0xffff;
    ip[10] = static_cast<u8>(sum >> 8);
    ip[11] = static_cast<u8>(sum);
}

/// A packet as its receiver takes it.
struct Read {
    Host saddr, daddr;
    const u8* l4;
    std::size_t length; ///< of what is at l4
    u8 protocol, ttl, tos;
};

std::optional<Read> read(const u8* ip, std::size_t size) {
    if (size > 0 && ip[0] >> 4 == 6) {
        if (size < 40 || 40 + get16(ip + 4) > size)
            return std::nullopt;
        Read r{{Family::v6, net::load<Address>(ip + 8)},
               {Family::v6, net::load<Address>(ip + 24)},
               ip + 40,
               get16(ip + 4),
               ip[6],
               ip[7],
               static_cast<u8>(get16(ip) >> 4)};
        while ((r.protocol == 0 || r.protocol == 60) && r.length >= 8) { // options hop by hop, of the destination
            const std::size_t options = std::min<std::size_t>((std::size_t{r.l4[1]} + 1) * 8, r.length);
            r.protocol = r.l4[0];
            r.l4 += options;
            r.length -= options;
        }
        return r;
    }
    const std::size_t header = size < 20 ? 0 : static_cast<std::size_t>(ip[0] & 15) * 4;
    const std::size_t total = header ? get16(ip + 2) : 0;
    if (header < 20 || total < header || total > size || sum_of(ip, header) != 0xffff)
        return std::nullopt;
    return Read{{Family::v4, address_v4(net::load<Be32>(ip + 12))},
                {Family::v4, address_v4(net::load<Be32>(ip + 16))},
                ip + header,
                total - header,
                ip[9],
                ip[8],
                ip[1]};
}

bool sum_is_right(const Read& r) {
    if (r.protocol == 17 && r.saddr.family == Family::v4 && get16(r.l4 + 6) == 0)
        return true;
    u32 start = r.protocol + static_cast<u32>(r.length);
    for (const Host& h : {r.saddr, r.daddr})
        start = sum_of(reinterpret_cast<const u8*>(h.addr.word), sizeof h.addr.word, start);
    return sum_of(r.l4, r.length, start) == 0xffff;
}

Packet to_sender(const Read& r, Packet::Kind kind, u8 protocol) {
    Packet p;
    p.kind = kind;
    p.protocol = protocol;
    p.saddr = r.daddr;
    p.daddr = r.saddr;
    p.ttl = own_ttl;
    p.id = 0;
    return p;
}

/// RFC 9293, section 3.5.2: a segment for a connection that does not exist.
std::optional<Packet> reset(const Read& r) {
    const u8 flags = r.length >= 20 ? r.l4[13] : u8{net::tcp::rst};
    if ((flags & net::tcp::rst) || !sum_is_right(r))
        return std::nullopt;
    Packet p = to_sender(r, Packet::Kind::tcp, 6);
    p.tos = r.tos;
    p.fragment = net::ipv4::dont_fragment;
    p.sport = static_cast<u16>(get16(r.l4 + 2));
    p.dport = static_cast<u16>(get16(r.l4));
    p.window = 0;
    p.seq = 0;
    p.flags = net::tcp::rst;
    if (flags & net::tcp::ack) {
        p.seq = get32(r.l4 + 8);
    } else {
        const std::size_t header = static_cast<std::size_t>(r.l4[12] >> 4) * 4;
        p.flags |= net::tcp::ack;
        p.ack = static_cast<u32>(get32(r.l4 + 4) + (r.length - header) + bool(flags & net::tcp::syn) +
                                 bool(flags & net::tcp::fin));
    }
    return p;
}

std::optional<Packet> echo_reply(const Read& r) {
    const bool v6 = r.saddr.family == Family::v6;
    if (r.length < 8 || r.l4[0] != (v6 ? 128 : 8) || r.l4[1] != 0)
        return std::nullopt;
    Packet p = to_sender(r, Packet::Kind::icmp, r.protocol);
    p.tos = r.tos;
    p.icmp_type = v6 ? 129 : 0;
    p.icmp_rest = get32(r.l4 + 4);
    p.payload.assign(r.l4 + 8, r.l4 + r.length);
    return p;
}

/// ICMP port unreachable, or protocol unreachable, about as much of the packet as a minimal MTU takes.
std::optional<Packet> unreachable(const Read& r, const u8* ip, std::size_t size) {
    if (r.protocol == 17 && (r.length < 8 || !sum_is_right(r)))
        return std::nullopt;
    const bool v6 = r.saddr.family == Family::v6;
    Packet p = to_sender(r, Packet::Kind::icmp, v6 ? 58 : 1);
    p.tos = v6 ? u8{0} : static_cast<u8>((r.tos & 0x1e) | 0xc0);
    p.icmp_type = v6 ? 1 : 3;
    p.icmp_code = v6 ? 4 : r.protocol == 17 ? 3 : 2;
    const std::size_t limit = v6 ? 1280 - 40 - 8 : 576 - 20 - 8;
    const std::size_t total = static_cast<std::size_t>(r.l4 - ip) + r.length;
    p.payload.assign(ip, ip + std::min({limit, total, size}));
    return p;
}

Frame routed(const Topology& t, const Read& r, Frame frame) {
    const Mac to = mac_of_neighbour(t.next_hop(r.daddr));
    const Mac& from = t.towards(r.daddr).mac;
    std::ranges::copy(to, frame.begin());
    std::ranges::copy(from, frame.begin() + 6);
    u8* ip = frame.data() + l2;
    ip[r.daddr.family == Family::v6 ? 7 : 8]--;
    if (r.daddr.family == Family::v4)
        set_ip_sum(ip);
    return frame;
}

} // namespace

std::vector<Seen> answer_of_stack(const Topology& t, const Link& on, const Frame& frame) {
    if (frame.size() < l2 || !std::equal(on.mac.begin(), on.mac.end(), frame.begin()))
        return {};
    const u8* ip = frame.data() + l2;
    const std::size_t size = frame.size() - l2;
    const u32 type = get16(frame.data() + 12);
    const auto r = type == 0x0800 || type == 0x86dd ? read(ip, size) : std::nullopt;
    if (!r)
        return {};
    if (!t.is_local(r->daddr)) {
        if (r->ttl <= 1 || size > t.towards(r->daddr).mtu)
            throw Unavailable("what the host's stack says about a TTL or a length is not known here");
        return {{&t.towards(r->daddr), routed(t, *r, frame)}};
    }
    const auto answer = r->protocol == 6                        ? reset(*r)
                        : r->protocol == 1 || r->protocol == 58 ? echo_reply(*r)
                                                                : unreachable(*r, ip, size);
    return answer ? std::vector{Seen{&t.towards(r->saddr), leaving(*answer, t)}} : std::vector<Seen>{};
}

const Link& sender(const Topology& topology, const Frame& frame) {
    const auto it = std::ranges::find_if(topology.links, [&](const Link& l) {
        return frame.size() >= 12 && std::equal(l.mac.begin(), l.mac.end(), frame.begin() + 6);
    });
    return it == topology.links.end() ? topology.links.front() : *it;
}

Frame without_chance(Frame frame) {
    if (frame.size() < l2 + 20)
        return frame;
    u8* ip = frame.data() + l2;
    if (ip[0] >> 4 == 6 && ip[7] == own_ttl) {
        ip[1] &= 0xf0;
        ip[2] = ip[3] = 0;
    } else if (ip[0] >> 4 == 4 && ip[8] == own_ttl) {
        ip[4] = ip[5] = 0;
        set_ip_sum(ip);
    }
    return frame;
}

} // namespace bpvs::scenario
