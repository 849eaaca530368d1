#include "bench/frame.hh"

#include "core/net/checksum.hh"
#include "core/net/headers.hh"

#include <algorithm>
#include <numeric>
#include <span>

namespace bpvs::bench {

namespace {

using namespace net;

/// Sum of big-endian 16-bit words (RFC 1071); an even number of bytes.
u32 sum_words(std::span<const u8> bytes) {
    u32 sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += static_cast<u32>(bytes[i] << 8 | bytes[i + 1]);
    return sum;
}

constexpr u16 ip_length = Frame{}.size() - eth::size;
constexpr u16 l4_length = ip_length - ipv4::min_size;

Be16 checksum(u32 sum) { return to_be16(static_cast<u16>(~fold(sum))); }

/// Everything but the transport header.
Frame make_ip(const lab::Mac& to, Be32 source, Be32 destination, IpProto protocol, u8 ttl) {
    Frame frame{};
    std::ranges::copy(to, frame.begin() + eth::dst);
    frame[eth::src] = 0x02; // some locally administered address
    store(&frame[eth::type], eth::type_ipv4);

    u8* ip = &frame[eth::size];
    ip[0] = 0x45;
    store(ip + ipv4::total_length, to_be16(ip_length));
    store(ip + ipv4::fragment, to_be16(ipv4::dont_fragment));
    ip[ipv4::ttl] = ttl;
    ip[ipv4::protocol] = static_cast<u8>(protocol);
    store(ip + ipv4::src, source);
    store(ip + ipv4::dst, destination);
    store(ip + ipv4::check, checksum(sum_words({ip, ipv4::min_size})));
    return frame;
}

/// Of a transport header that is complete but for it.
Be16 transport_checksum(const Frame& frame) {
    const u8* ip = &frame[eth::size];
    return checksum(sum_words({ip + ipv4::src, 8}) + ip[ipv4::protocol] + l4_length +
                    sum_words({ip + ipv4::min_size, l4_length}));
}

} // namespace

Frame make_tcp(const lab::Mac& to, const lab::Endpoint& source, const lab::Endpoint& destination, u8 flags, u8 ttl) {
    Frame frame = make_ip(to, source.addr, destination.addr, IpProto::tcp, ttl);
    u8* l4 = &frame[eth::size + ipv4::min_size];
    store(l4, source.port);
    store(l4 + 2, destination.port);
    l4[tcp::data_offset] = tcp::min_size / 4 << 4;
    l4[tcp::flags] = flags;
    store(l4 + tcp::check, transport_checksum(frame));
    return frame;
}

Frame make_udp(const lab::Mac& to, const lab::Endpoint& source, const lab::Endpoint& destination, u8 ttl) {
    Frame frame = make_ip(to, source.addr, destination.addr, IpProto::udp, ttl);
    u8* l4 = &frame[eth::size + ipv4::min_size];
    store(l4, source.port);
    store(l4 + 2, destination.port);
    store(l4 + 4, to_be16(l4_length));
    store(l4 + udp::check, transport_checksum(frame));
    return frame;
}

FlowPackets packets_of(const Frame& flow_0, u32 flows, bool apart, bool to_clients) {
    constexpr u32 far = 611953; // a prime
    FlowPackets p{.flows = flows, .stride = 1, .to_clients = to_clients};
    std::copy_n(flow_0.begin(), flow_headers, p.headers);
    p.tcp = flow_0[eth::size + ipv4::protocol] == static_cast<u8>(IpProto::tcp);
    if (apart && std::gcd(far, flows) == 1)
        p.stride = far % flows;
    return p;
}

} // namespace bpvs::bench
