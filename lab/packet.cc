#include "lab/packet.hh"

#include <fmt/format.h>

#include <algorithm>

namespace bpvs::lab {
namespace {

using Bytes = std::span<const u8>;

constexpr std::size_t ethernet_size = 14;
constexpr std::size_t ip_min = 20;
constexpr std::size_t tcp_min = 20;
constexpr u16 ethertype_ipv4 = 0x0800;

u16 read16(Bytes b, std::size_t at) { return static_cast<u16>(b[at] << 8 | b[at + 1]); }
u32 read32(Bytes b, std::size_t at) { return static_cast<u32>(read16(b, at)) << 16 | read16(b, at + 2); }

Mac read_mac(Bytes b, std::size_t at) {
    Mac mac;
    std::copy_n(b.begin() + static_cast<std::ptrdiff_t>(at), mac.size(), mac.begin());
    return mac;
}

std::vector<u8> copy(Bytes b) { return {b.begin(), b.end()}; }

/// One's complement sum (RFC 1071) of `b` on top of `sum`, folded to 16 bits.
u16 ones_sum(Bytes b, u32 sum = 0) {
    for (std::size_t i = 0; i + 1 < b.size(); i += 2)
        sum += read16(b, i);
    if (b.size() % 2 != 0)
        sum += static_cast<u32>(b.back()) << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}

/// A header that includes a right checksum sums up to all ones.
Sum ip_sum(Bytes header) { return ones_sum(header) == 0xffff ? Sum::good : Sum::bad; }

Sum tcp_sum(Bytes ip_header, Bytes segment) {
    const u32 protocol_and_length = static_cast<u32>(IpProto::tcp) + static_cast<u32>(segment.size());
    const u16 pseudo = ones_sum(ip_header.subspan(12, 8), protocol_and_length);
    if (ones_sum(segment, pseudo) == 0xffff)
        return Sum::good;
    return read16(segment, 16) == pseudo ? Sum::partial : Sum::bad;
}

std::expected<Packet, Unparsed> parse_tcp(Packet p, Bytes ip_header, Bytes segment) {
    if (segment.size() < tcp_min)
        return std::unexpected(Unparsed::malformed);
    const std::size_t header_size = static_cast<std::size_t>(segment[12] >> 4) * 4;
    if (header_size < tcp_min || header_size > segment.size())
        return std::unexpected(Unparsed::malformed);
    p.source.port = to_be16(read16(segment, 0));
    p.destination.port = to_be16(read16(segment, 2));
    p.seq = read32(segment, 4);
    p.ack = read32(segment, 8);
    p.flags = segment[13];
    p.window = read16(segment, 14);
    p.options = copy(segment.subspan(tcp_min, header_size - tcp_min));
    p.payload = copy(segment.subspan(header_size));
    p.tcp_sum = tcp_sum(ip_header, segment);
    return p;
}

} // namespace

std::expected<Packet, Unparsed> parse_packet(Bytes frame) {
    if (frame.size() < ethernet_size || read16(frame, 12) != ethertype_ipv4)
        return std::unexpected(Unparsed::not_tcp);
    const Bytes ip = frame.subspan(ethernet_size);
    if (ip.size() < ip_min)
        return std::unexpected(Unparsed::malformed);
    if (ip[9] != static_cast<u8>(IpProto::tcp))
        return std::unexpected(Unparsed::not_tcp);
    const std::size_t header_size = static_cast<std::size_t>(ip[0] & 0x0f) * 4;
    const std::size_t total = read16(ip, 2);
    if (ip[0] >> 4 != 4 || header_size < ip_min || header_size > total || total > ip.size())
        return std::unexpected(Unparsed::malformed);
    const Bytes header = ip.first(header_size);
    Packet p;
    p.dmac = read_mac(frame, 0);
    p.smac = read_mac(frame, 6);
    p.tos = ip[1];
    p.id = read16(ip, 4);
    p.fragment = read16(ip, 6);
    p.ttl = ip[8];
    p.source.addr = to_be32(read32(ip, 12));
    p.destination.addr = to_be32(read32(ip, 16));
    p.ip_sum = ip_sum(header);
    return parse_tcp(std::move(p), header, ip.subspan(header_size, total - header_size));
}

std::string to_string(const Mac& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

std::string to_string(Be32 addr) {
    const u32 a = from_be32(addr);
    return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

std::string to_string(const Endpoint& e) { return fmt::format("{}:{}", to_string(e.addr), from_be16(e.port)); }

std::string flag_letters(u8 flags) {
    constexpr std::array<char, 8> letters{'F', 'S', 'R', 'P', 'A', 'U', 'E', 'W'};
    std::string out;
    // SYN, FIN, RST and PUSH before ACK, as people are used to read them.
    for (const std::size_t bit : {1uz, 0uz, 2uz, 3uz, 4uz, 5uz, 6uz, 7uz})
        if ((flags >> bit & 1) != 0)
            out += letters[bit];
    return out;
}

} // namespace bpvs::lab
