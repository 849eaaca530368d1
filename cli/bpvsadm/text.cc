#include "cli/bpvsadm/text.hh"

#include "cli/bpvsadm/values.hh"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace bpvs::cli {
namespace {

constexpr std::size_t v4_column = 28;
constexpr u32 whole_v4 = 0xffffffff; ///< netmask of one IPv4 client

void put(Buffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }
void put(Buffer& out, const fmt::format_int& number) { out.append(number.data(), number.data() + number.size()); }

void put_port(Buffer& out, IpProto protocol, Be16 port, const Names& names) {
    if (const std::string* name = names.port(protocol, port))
        put(out, *name);
    else
        put(out, fmt::format_int(from_be16(port)));
}

} // namespace

void put_address(Buffer& out, Family family, const Address& addr) {
    if (family == Family::v6) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        inet_ntop(AF_INET6, addr.word, text.data(), text.size());
        put(out, text.data());
        return;
    }
    const u32 a = from_be32(addr.word[0]);
    for (const u32 shift : {24u, 16u, 8u, 0u}) {
        put(out, fmt::format_int((a >> shift) & 0xff));
        if (shift != 0)
            out.push_back('.');
    }
}

std::size_t put_endpoint(Buffer& out, Family family, const Address& addr, Be16 port, IpProto protocol,
                         const Names& names) {
    const std::size_t begin = out.size();
    const bool brackets = family == Family::v6;
    if (brackets)
        out.push_back('[');
    if (const std::string* name = names.host(family, addr))
        put(out, *name);
    else
        put_address(out, family, addr);
    put(out, brackets ? "]:" : ":");
    put_port(out, protocol, port, names);
    return out.size() - begin;
}

std::string endpoint_text(Family family, const Address& addr, Be16 port, IpProto protocol, const Names& names) {
    Buffer text;
    put_endpoint(text, family, addr, port, protocol, names);
    return fmt::to_string(text);
}

std::size_t put_endpoint_column(Buffer& out, Family family, const Address& addr, Be16 port, IpProto protocol,
                                const Names& names, std::size_t width) {
    const std::size_t begin = out.size();
    std::size_t length = put_endpoint(out, family, addr, port, protocol, names);
    if (family == Family::v4 && length > v4_column)
        out.resize(begin + (length = v4_column));
    pad(out, length, width);
    return out.size() - begin;
}

void pad(Buffer& out, std::size_t length, std::size_t width) {
    for (; length < width; ++length)
        out.push_back(' ');
}

std::string persistence_mask(const ServiceSpec& spec) {
    if (spec.name.family == Family::v6)
        return spec.netmask == 0 || spec.netmask == whole_v6 ? "" : std::to_string(spec.netmask);
    if (spec.netmask == whole_v4)
        return "";
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &spec.netmask, text, sizeof text);
    return text;
}

const char* protocol_text(IpProto protocol) {
    switch (protocol) {
    case IpProto::tcp:
        return "TCP";
    case IpProto::udp:
        return "UDP";
    case IpProto::sctp:
        return "SCTP";
    default:
        return "IP";
    }
}

void put_counter(Buffer& out, u64 value, bool exact) {
    constexpr u64 k = 1000, m = k * k, g = m * k, t = g * k;
    const auto column = [&](u64 n, std::string_view unit) {
        const fmt::format_int digits(n);
        if (unit.empty())
            out.push_back(' ');
        pad(out, digits.size(), 8);
        put(out, digits);
        put(out, unit);
    };
    if (exact || value < 100 * m)
        column(value, "");
    else if (value < g)
        column(value / k, "K");
    else if (value < 100 * g)
        column(value / m, "M");
    else if (value < 100 * t)
        column(value / g, "G");
    else
        column(value / t, "T");
}

} // namespace bpvs::cli
