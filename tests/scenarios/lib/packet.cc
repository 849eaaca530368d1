// From packets to frames and back to text. Checksums are computed from scratch here: the packet path,
// which updates them, is tested against it.
#include "tests/scenarios/lib/packet.hh"

#include "tests/scenarios/lib/sctp.hh"

#include <fmt/format.h>

namespace bpvs::scenario {

namespace {

void put8(Bytes& b, u32 v) { b.push_back(static_cast<u8>(v)); }
void put16(Bytes& b, u32 v) {
    put8(b, v >> 8);
    put8(b, v);
}
void put32(Bytes& b, u32 v) {
    put16(b, v >> 16);
    put16(b, v);
}
void append(Bytes& b, const Bytes& more) { b.insert(b.end(), more.begin(), more.end()); }
void set16(Bytes& b, std::size_t at, u32 v) {
    b[at] = static_cast<u8>(v >> 8);
    b[at + 1] = static_cast<u8>(v);
}
u32 get16(const u8* p) { return static_cast<u32>(p[0] << 8 | p[1]); }
u32 get32(const u8* p) { return get16(p) << 16 | get16(p + 2); }

u32 add(u32 a, u32 b) {
    const u32 s = a + b;
    return (s & 0xffff) + (s >> 16);
}

/// One's complement sum of big-endian words (RFC 1071).
u32 sum_of(const u8* p, std::size_t n, u32 start = 0) {
    u32 s = start;
    for (std::size_t i = 0; i + 1 < n; i += 2)
        s = add(s, get16(p + i));
    return n % 2 ? add(s, static_cast<u32>(p[n - 1]) << 8) : s;
}

/// The words that an IPv4 address does not have are zero and do not count.
u32 pseudo_header(const Host& saddr, const Host& daddr, u32 protocol, std::size_t length) {
    u32 sum = 0;
    for (const Host& h : {saddr, daddr})
        for (const Be32 word : h.addr.word)
            sum = add(add(sum, from_be32(word) >> 16), from_be32(word) & 0xffff);
    return add(add(sum, protocol), static_cast<u32>(length));
}

/// The checksum field of a transport at `l4`, or no field at all.
std::optional<std::size_t> sum_field(u8 protocol) {
    switch (protocol) {
    case 6:
        return 16;
    case 17:
        return 6;
    case 1:
    case 58:
        return 2;
    default:
        return std::nullopt;
    }
}

u32 transport_sum(const Packet& p, const Bytes& l4) {
    const u32 start = p.protocol == 1 ? 0 : pseudo_header(p.saddr, p.daddr, p.protocol, l4.size());
    u32 check = add(sum_of(l4.data(), l4.size(), start) ^ 0xffff, p.sum_error);
    if (p.kind == Packet::Kind::udp && check == 0)
        check = 0xffff;
    else if (p.kind == Packet::Kind::tcp && check == 0xffff)
        check = 0; // the same number, as whoever updates it writes it
    return check;
}

/// An extension header of 8 bytes, an authentication header of 24, a fragment header with the packet's place.
Bytes extension(u8 number, u8 next, const Packet& p) {
    Bytes b{next, 0};
    if (number == net::ipv6::authentication) {
        b[1] = 4;
        b.resize(24, 0xa5);
    } else if (number == net::ipv6::fragment) {
        put16(b, static_cast<u32>(p.fragment & 0x1fff) << 3 | (p.fragment & 0x2000) >> 13);
        put32(b, p.id);
    } else if (number == net::ipv6::routing) {
        b.insert(b.end(), {253, 0, 0, 0, 0, 0}); // of no known type, no segments left
    } else {
        b.insert(b.end(), {1, 4, 0, 0, 0, 0}); // PadN
    }
    return b;
}

Bytes extensions(const Packet& p) {
    Bytes b;
    for (std::size_t i = 0; i < p.extensions.size(); i++)
        append(b, extension(p.extensions[i], i + 1 < p.extensions.size() ? p.extensions[i + 1] : p.protocol, p));
    return b;
}

std::size_t ip_header_size(const Packet& p) {
    return p.saddr.family == Family::v6 ? 40 + extensions(p).size() : 20 + p.ip_options.size();
}

Bytes ipv6_packet(const Packet& p, const Bytes& l4) {
    const Bytes more = extensions(p);
    Bytes b;
    put32(b, 6u << 28 | static_cast<u32>(p.tos) << 20 | p.flow_label);
    put16(b, p.total_length ? *p.total_length : static_cast<u32>(more.size() + l4.size()));
    put8(b, p.extensions.empty() ? p.protocol : p.extensions.front());
    put8(b, p.ttl);
    for (const Host& h : {p.saddr, p.daddr})
        for (const Be32 word : h.addr.word)
            put32(b, from_be32(word));
    append(b, more);
    append(b, l4);
    return b;
}

Bytes transport(const Packet& p) {
    Bytes b;
    switch (p.kind) {
    case Packet::Kind::tcp:
        put16(b, p.sport);
        put16(b, p.dport);
        put32(b, p.seq);
        put32(b, p.ack);
        put8(b, static_cast<u32>((20 + p.tcp_options.size()) / 4) << 4);
        put8(b, p.flags);
        put16(b, p.window);
        put32(b, 0);
        append(b, p.tcp_options);
        break;
    case Packet::Kind::udp:
        put16(b, p.sport);
        put16(b, p.dport);
        put16(b, static_cast<u32>(8 + p.payload.size()));
        put16(b, 0);
        break;
    case Packet::Kind::sctp:
        put16(b, p.sport);
        put16(b, p.dport);
        put32(b, p.tag);
        put32(b, 0);
        append(b, p.chunks);
        break;
    case Packet::Kind::icmp:
        put8(b, p.icmp_type);
        put8(b, p.icmp_code);
        put16(b, 0);
        put32(b, p.icmp_rest);
        if (p.about) {
            Bytes inner = ip_packet(*p.about);
            const std::size_t header = ip_header_size(*p.about);
            inner.resize(std::min(inner.size(), header + p.cut));
            append(b, inner);
        }
        break;
    default:
        break;
    }
    append(b, p.payload);
    return b;
}

Frame ethernet(const Mac& to, const Mac& from, const Packet& p) {
    Frame f(to.begin(), to.end());
    f.insert(f.end(), from.begin(), from.end());
    if (p.vlan) {
        put16(f, 0x8100);
        put16(f, *p.vlan);
    }
    const u32 ip_type = p.saddr.family == Family::v6 ? 0x86dd : 0x0800;
    put16(f, p.kind == Packet::Kind::frame ? p.ether_type : ip_type);
    append(f, p.kind == Packet::Kind::frame ? p.payload : ip_packet(p));
    return f;
}

} // namespace

Bytes ip_packet(const Packet& p) {
    Bytes l4 = transport(p);
    if (p.tcp_options.size() % 4 || p.ip_options.size() % 4)
        throw Wrong("options are a multiple of 4 bytes");
    if (const auto field = sum_field(p.protocol); field && p.kind != Packet::Kind::ip)
        set16(l4, *field, p.sum ? *p.sum : transport_sum(p, l4));
    if (p.kind == Packet::Kind::sctp) {
        const u32 sum = p.sum ? *p.sum : sctp_sum(l4) ^ p.sum_error;
        set16(l4, 8, sum >> 16);
        set16(l4, 10, sum);
    }

    if (p.saddr.family == Family::v6)
        return ipv6_packet(p, l4);
    const std::size_t header = 20 + p.ip_options.size();
    Bytes b;
    put8(b, 0x40 | static_cast<u32>(header / 4));
    put8(b, p.tos);
    put16(b, p.total_length ? *p.total_length : static_cast<u32>(header + l4.size()));
    put16(b, p.id);
    put16(b, p.fragment);
    put8(b, p.ttl);
    put8(b, p.protocol);
    put16(b, 0);
    put32(b, from_be32(p.saddr.addr.word[0]));
    put32(b, from_be32(p.daddr.addr.word[0]));
    append(b, p.ip_options);
    set16(b, 10, add(sum_of(b.data(), b.size()) ^ 0xffff, p.ip_sum_error));
    append(b, l4);
    return b;
}

Frame arriving(const Packet& p, const Topology& t) {
    const Host from = p.saddr == Host{} ? gateway(Family::v4) : p.saddr;
    const Link& link = t.towards(from);
    return ethernet(p.to.value_or(link.mac), mac_of_neighbour(t.next_hop(from)), p);
}

Frame leaving(const Packet& p, const Topology& t) {
    return ethernet(mac_of_neighbour(t.next_hop(p.daddr)), t.towards(p.daddr).mac, p);
}

Frame under_macs_of(const Frame& other, const Packet& p) {
    Frame f = leaving(p);
    std::copy_n(other.begin(), 12, f.begin());
    return f;
}

namespace {

std::string verdict_on(u32 sum) { return sum == 0xffff || sum == 0 ? "right" : "WRONG"; }

std::string describe_ip(const u8* ip, std::size_t size);

/// What an IP header says, of either family.
struct Header {
    Host saddr, daddr;
    std::size_t size = 0;  ///< with extension headers
    std::size_t total = 0; ///< length of the packet, as it says
    u8 protocol = 0;
    std::string rest; ///< its other fields
};

std::optional<Header> read_v4(const u8* ip, std::size_t size) {
    Header h{.size = static_cast<std::size_t>(ip[0] & 15) * 4, .total = get16(ip + 2), .protocol = ip[9]};
    if (size < 20 || h.size < 20 || h.size > size)
        return std::nullopt;
    h.saddr = {Family::v4, address_v4(net::load<Be32>(ip + 12))};
    h.daddr = {Family::v4, address_v4(net::load<Be32>(ip + 16))};
    h.rest = fmt::format("ttl {} id {:#x} tos {:#x} frag {:#x} length {} ipsum {:#06x} ({})", ip[8], get16(ip + 4),
                         ip[1], get16(ip + 6), h.total, get16(ip + 10), verdict_on(sum_of(ip, h.size)));
    return h;
}

std::optional<Header> read_v6(const u8* ip, std::size_t size) {
    if (size < 40)
        return std::nullopt;
    Header h{.saddr = {Family::v6, net::load<Address>(ip + 8)},
             .daddr = {Family::v6, net::load<Address>(ip + 24)},
             .size = 40,
             .total = 40 + get16(ip + 4),
             .protocol = ip[6]};
    std::string seen;
    while (h.protocol == 0 || h.protocol == 43 || h.protocol == 44 || h.protocol == 51 || h.protocol == 60) {
        if (h.size + 8 > size)
            return std::nullopt;
        seen += fmt::format(" ext {}", h.protocol);
        const u8* e = ip + h.size;
        h.size += h.protocol == 44 ? 8 : h.protocol == 51 ? (e[1] + 2u) * 4 : (e[1] + 1u) * 8;
        h.protocol = e[0];
    }
    if (h.size > size)
        return std::nullopt;
    const u32 first = get32(ip);
    h.rest = fmt::format("ttl {} tos {:#x} flow {:#x} length {}{}", ip[7], (first >> 20) & 255, first & 0xfffff,
                         h.total - 40, seen);
    return h;
}

std::string describe_transport(const Header& h, const u8* l4, std::size_t n) {
    const std::string from = address_name(h.saddr);
    const std::string to = address_name(h.daddr);
    if (h.protocol == 6 && n >= 20) {
        std::string flags;
        for (std::size_t i = 0; i < 6; i++)
            if (l4[13] & (1 << i))
                flags += "FSRPAU"[i];
        return fmt::format("tcp {}:{} > {}:{} {} seq {} ack {} win {}", from, get16(l4), to, get16(l4 + 2),
                           flags.empty() ? "-" : flags, get32(l4 + 4), get32(l4 + 8), get16(l4 + 14));
    }
    if ((h.protocol == 17 || h.protocol == 6) && n >= 8)
        return fmt::format("{} {}:{} > {}:{}", h.protocol == 17 ? "udp" : "tcp", from, get16(l4), to, get16(l4 + 2));
    if (h.protocol == 132 && n >= 12)
        return fmt::format("sctp {}:{} > {}:{} {} tag {:#x} sum {:#010x} ({})", from, get16(l4), to, get16(l4 + 2),
                           describe_chunks(l4, n), get32(l4 + 4), get32(l4 + 8),
                           h.total > h.size + n                      ? "cut"
                           : sctp_sum({l4, l4 + n}) == get32(l4 + 8) ? "right"
                                                                     : "WRONG");
    if ((h.protocol == 1 || h.protocol == 58) && n >= 8)
        return fmt::format("icmp {} > {} {}/{} rest {:#x}", from, to, l4[0], l4[1], get32(l4 + 4));
    return fmt::format("ip {} > {} proto {}", from, to, h.protocol);
}

std::string describe_ip(const u8* ip, std::size_t size) {
    const auto header = size == 0 ? std::nullopt : (ip[0] >> 4) == 6 ? read_v6(ip, size) : read_v4(ip, size);
    if (!header)
        return fmt::format("ip, truncated to {} bytes or with a bad header length", size);
    const Header& h = *header;
    const std::size_t n = std::min(size, h.total) > h.size ? std::min(size, h.total) - h.size : 0;
    const u8* l4 = ip + h.size;
    std::string text = describe_transport(h, l4, n) + " " + h.rest;
    if (const auto field = sum_field(h.protocol); field && n > *field + 1) {
        const u32 start = h.protocol == 1 ? 0 : pseudo_header(h.saddr, h.daddr, h.protocol, n);
        const bool cut = h.total > size;
        text += fmt::format(" sum {:#06x} ({})", get16(l4 + *field), cut ? "cut" : verdict_on(sum_of(l4, n, start)));
    }
    const bool is_error =
        (h.protocol == 1 && n > 8 && l4[0] != 0 && l4[0] != 8) || (h.protocol == 58 && n > 8 && l4[0] < 128);
    if (is_error)
        text += fmt::format(" about ( {} )", describe_ip(l4 + 8, n - 8));
    return text;
}

} // namespace

std::string describe(const Frame& f) {
    if (f.size() < 14)
        return fmt::format("a frame of {} bytes", f.size());
    const u32 type = get16(f.data() + 12);
    const std::string what = type == 0x0800 || type == 0x86dd ? describe_ip(f.data() + 14, f.size() - 14)
                                                              : fmt::format("frame {:#06x} {}B", type, f.size() - 14);
    return fmt::format("{}  [{} > {}, {} bytes]", what, mac_text(f.data() + 6), mac_text(f.data()), f.size());
}

std::string difference(const Frame& expected, const Frame& got) {
    if (expected.size() != got.size())
        return fmt::format("{} bytes instead of {}", got.size(), expected.size());
    std::string text;
    for (std::size_t i = 0; i < got.size(); i++)
        if (expected[i] != got[i])
            text +=
                fmt::format("{}byte {}: {:02x} instead of {:02x}", text.empty() ? "" : ", ", i, got[i], expected[i]);
    return text;
}

} // namespace bpvs::scenario
