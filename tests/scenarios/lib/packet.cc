// From packets to frames and back to text. Checksums are computed from scratch here: the packet path,
// which updates them, is tested against it.
#include "tests/scenarios/lib/packet.hh"

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

u32 pseudo_header(Be32 saddr, Be32 daddr, u32 protocol, std::size_t length) {
    const u32 s = from_be32(saddr);
    const u32 d = from_be32(daddr);
    u32 sum = add(add(s >> 16, s & 0xffff), add(d >> 16, d & 0xffff));
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
        return 2;
    default:
        return std::nullopt;
    }
}

u32 transport_sum(const Packet& p, const Bytes& l4) {
    const u32 start = p.kind == Packet::Kind::icmp ? 0 : pseudo_header(p.saddr, p.daddr, p.protocol, l4.size());
    u32 check = add(sum_of(l4.data(), l4.size(), start) ^ 0xffff, p.sum_error);
    if (p.kind == Packet::Kind::udp && check == 0)
        check = 0xffff;
    return check;
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
    case Packet::Kind::icmp:
        put8(b, p.icmp_type);
        put8(b, p.icmp_code);
        put16(b, 0);
        put32(b, p.icmp_rest);
        if (p.about) {
            Bytes inner = ip_packet(*p.about);
            const std::size_t header = static_cast<std::size_t>(inner[0] & 15) * 4;
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
    put16(f, p.ether_type);
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
    put32(b, from_be32(p.saddr));
    put32(b, from_be32(p.daddr));
    append(b, p.ip_options);
    set16(b, 10, add(sum_of(b.data(), b.size()) ^ 0xffff, p.ip_sum_error));
    append(b, l4);
    return b;
}

Frame arriving(const Packet& p, const Topology& t) {
    const Be32 from = p.saddr == Be32{} ? parse_address("gip") : p.saddr;
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

std::string describe_ip(const u8* ip, std::size_t size) {
    if (size < 20)
        return fmt::format("ip, truncated to {} bytes", size);
    const std::size_t header = static_cast<std::size_t>(ip[0] & 15) * 4;
    const std::size_t total = get16(ip + 2);
    if (header < 20 || header > size)
        return "ip with a bad header length";
    const auto addr = [&](int at) { return address_name(net::load<Be32>(ip + at)); };
    const std::size_t n = std::min(size, total) > header ? std::min(size, total) - header : 0;
    const u8* l4 = ip + header;
    const u8 protocol = ip[9];
    std::string text;
    if (protocol == 6 && n >= 20) {
        std::string flags;
        for (std::size_t i = 0; i < 6; i++)
            if (l4[13] & (1 << i))
                flags += "FSRPAU"[i];
        text = fmt::format("tcp {}:{} > {}:{} {} seq {} ack {} win {}", addr(12), get16(l4), addr(16), get16(l4 + 2),
                           flags.empty() ? "-" : flags, get32(l4 + 4), get32(l4 + 8), get16(l4 + 14));
    } else if ((protocol == 17 || protocol == 6) && n >= 8) {
        text = fmt::format("{} {}:{} > {}:{}", protocol == 17 ? "udp" : "tcp", addr(12), get16(l4), addr(16),
                           get16(l4 + 2));
    } else if (protocol == 1 && n >= 8) {
        text = fmt::format("icmp {} > {} {}/{} rest {:#x}", addr(12), addr(16), l4[0], l4[1], get32(l4 + 4));
    } else {
        text = fmt::format("ip {} > {} proto {}", addr(12), addr(16), protocol);
    }
    text += fmt::format(" ttl {} id {:#x} tos {:#x} frag {:#x} length {} ipsum {:#06x} ({})", ip[8], get16(ip + 4),
                        ip[1], get16(ip + 6), total, get16(ip + 10), verdict_on(sum_of(ip, header)));
    if (const auto field = sum_field(protocol); field && n > *field + 1) {
        const u32 start =
            protocol == 1 ? 0 : pseudo_header(net::load<Be32>(ip + 12), net::load<Be32>(ip + 16), protocol, n);
        const bool cut = total > size;
        text += fmt::format(" sum {:#06x} ({})", get16(l4 + *field), cut ? "cut" : verdict_on(sum_of(l4, n, start)));
    }
    if (protocol == 1 && n > 8 && l4[0] != 0 && l4[0] != 8)
        text += fmt::format(" about ( {} )", describe_ip(l4 + 8, n - 8));
    return text;
}

} // namespace

std::string describe(const Frame& f) {
    if (f.size() < 14)
        return fmt::format("a frame of {} bytes", f.size());
    const u32 type = get16(f.data() + 12);
    const std::string what = type == 0x0800 ? describe_ip(f.data() + 14, f.size() - 14)
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
