#include "bench/frame.hh"

#include "core/net/checksum.hh"
#include "core/net/headers.hh"

#include <algorithm>
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

Be16 checksum(u32 sum) { return to_be16(static_cast<u16>(~fold(sum))); }

} // namespace

Frame make_tcp(const lab::Mac& to, const lab::Endpoint& source, const lab::Endpoint& destination, u8 flags, u8 ttl) {
    Frame frame{};
    std::ranges::copy(to, frame.begin() + eth::dst);
    frame[eth::src] = 0x02; // some locally administered address
    store(&frame[eth::type], eth::type_ipv4);

    u8* ip = &frame[eth::size];
    const u16 ip_length = frame.size() - eth::size;
    ip[0] = 0x45;
    store(ip + ipv4::total_length, to_be16(ip_length));
    store(ip + ipv4::fragment, to_be16(ipv4::dont_fragment));
    ip[ipv4::ttl] = ttl;
    ip[ipv4::protocol] = static_cast<u8>(IpProto::tcp);
    store(ip + ipv4::src, source.addr);
    store(ip + ipv4::dst, destination.addr);
    store(ip + ipv4::check, checksum(sum_words({ip, ipv4::min_size})));

    u8* l4 = ip + ipv4::min_size;
    const u16 l4_length = ip_length - ipv4::min_size;
    store(l4, source.port);
    store(l4 + 2, destination.port);
    l4[tcp::data_offset] = tcp::min_size / 4 << 4;
    l4[tcp::flags] = flags;
    const u32 pseudo = sum_words({ip + ipv4::src, 8}) + static_cast<u32>(IpProto::tcp) + l4_length;
    store(l4 + tcp::check, checksum(pseudo + sum_words({l4, l4_length})));
    return frame;
}

} // namespace bpvs::bench
