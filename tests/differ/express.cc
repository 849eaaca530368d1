#include "tests/differ/express.hh"

#include <fmt/format.h>

namespace bpvs::differ {

namespace {

u32 get16(const u8* p) { return static_cast<u32>(p[0] << 8 | p[1]); }
u32 get32(const u8* p) { return get16(p) << 16 | get16(p + 2); }

std::string hex(const u8* p, std::size_t n) {
    std::string text = "hex:";
    for (std::size_t i = 0; i < n; i++)
        fmt::format_to(std::back_inserter(text), "{:02x}", p[i]);
    return text;
}

/// The pattern that 100B means, if it is that.
std::string bytes(const u8* p, std::size_t n) {
    for (std::size_t i = 0; i < n; i++)
        if (p[i] != 'a' + i % 26)
            return hex(p, n);
    return fmt::format("{}B", n);
}

struct Ip {
    std::string from, to, options;
    const u8* l4;
    std::size_t length;
    u8 protocol;
};

Ip read_ip(const u8* ip, std::size_t size) {
    const bool v6 = ip[0] >> 4 == 6;
    const std::size_t header = v6 ? 40 : static_cast<std::size_t>(ip[0] & 15) * 4;
    const std::size_t total = v6 ? 40 + get16(ip + 4) : get16(ip + 2);
    const auto name = [&](std::size_t at) {
        return v6 ? address_name({Family::v6, net::load<Address>(ip + at)})
                  : address_name({Family::v4, address_v4(net::load<Be32>(ip + at))});
    };
    Ip r{name(v6 ? 8 : 12), name(v6 ? 24 : 16), "", ip + header, std::min(size, total) - header, ip[v6 ? 6 : 9]};
    if (v6) {
        const u32 first = get32(ip);
        r.options = fmt::format(" ttl {}", ip[7]);
        if ((first >> 20 & 255) != 0)
            r.options += fmt::format(" tos {}", first >> 20 & 255);
        if ((first & 0xfffff) != 0)
            r.options += fmt::format(" flow {}", first & 0xfffff);
        return r;
    }
    r.options = fmt::format(" ttl {}", ip[8]);
    if (ip[1])
        r.options += fmt::format(" tos {}", ip[1]);
    if (get16(ip + 4) != 0x1234)
        r.options += fmt::format(" id {:#x}", get16(ip + 4));
    if (ip[6] & 0x40)
        r.options += " df";
    if (header > 20)
        r.options += " ipopt " + hex(ip + 20, header - 20);
    return r;
}

std::string tcp(const Ip& r) {
    std::string flags;
    for (std::size_t i = 0; i < 6; i++)
        if (r.l4[13] & (1 << i))
            flags += "FSRPAU"[i];
    std::string text =
        fmt::format("tcp {}:{} > {}:{} {} seq {} ack {} win {}", r.from, get16(r.l4), r.to, get16(r.l4 + 2),
                    flags.empty() ? "-" : flags, get32(r.l4 + 4), get32(r.l4 + 8), get16(r.l4 + 14));
    const std::size_t header = static_cast<std::size_t>(r.l4[12] >> 4) * 4;
    if (header > 20)
        text += " opt " + hex(r.l4 + 20, header - 20);
    if (r.length > header)
        text += " payload " + bytes(r.l4 + header, r.length - header);
    return text + r.options;
}

std::string udp(const Ip& r) {
    std::string text = fmt::format("udp {}:{} > {}:{}", r.from, get16(r.l4), r.to, get16(r.l4 + 2));
    if (r.length > 8)
        text += " payload " + bytes(r.l4 + 8, r.length - 8);
    return text + r.options;
}

std::string icmp(const Ip& r) {
    std::string text = fmt::format("icmp {} > {} {}/{}", r.from, r.to, r.l4[0], r.l4[1]);
    if (get32(r.l4 + 4))
        text += fmt::format(" rest {}", get32(r.l4 + 4));
    if (r.length > 8)
        text += " payload " + hex(r.l4 + 8, r.length - 8);
    return text + r.options;
}

} // namespace

std::optional<std::string> expression(const Frame& frame, const Topology& topology) {
    constexpr std::size_t l3 = 14;
    if (frame.size() < l3 + 28)
        return std::nullopt;
    const Ip r = read_ip(frame.data() + l3, frame.size() - l3);
    const std::string text = r.protocol == 6 && r.length >= 20                        ? tcp(r)
                             : r.protocol == 17 && r.length >= 8                      ? udp(r)
                             : (r.protocol == 1 || r.protocol == 58) && r.length >= 8 ? icmp(r)
                                                                                      : "";
    if (text.empty())
        return std::nullopt;
    // What differs from the frame may be a checksum that was wrong before.
    for (const std::string more : {"", " sum +1"})
        if (leaving(parse_packet(text + more), topology) == frame)
            return text + more;
    return std::nullopt;
}

Frame frame_of_hex(std::string_view text) {
    Frame frame;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        frame.push_back(static_cast<u8>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    return frame;
}

} // namespace bpvs::differ
