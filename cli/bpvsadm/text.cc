#include "cli/bpvsadm/text.hh"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <netdb.h>
#include <optional>

namespace bpvs::cli {
namespace {

constexpr std::size_t v4_column = 28;
constexpr u32 whole_v4 = 0xffffffff; ///< netmask of one IPv4 client
constexpr u32 whole_v6 = 128;        ///< prefix length of one IPv6 client

std::string numeric_host(Family family, const Address& addr) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(static_cast<int>(family), addr.word, text.data(), text.size());
    return text.data();
}

std::optional<std::string> host_name(Family family, const Address& addr) {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (family == Family::v6) {
        sockaddr_in6 sa{};
        sa.sin6_family = AF_INET6;
        std::memcpy(&sa.sin6_addr, addr.word, sizeof sa.sin6_addr);
        std::memcpy(&storage, &sa, length = sizeof sa);
    } else {
        sockaddr_in sa{};
        sa.sin_family = AF_INET;
        std::memcpy(&sa.sin_addr, addr.word, sizeof sa.sin_addr);
        std::memcpy(&storage, &sa, length = sizeof sa);
    }
    std::array<char, NI_MAXHOST> name{};
    if (getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, name.data(), name.size(), nullptr, 0,
                    NI_NAMEREQD) != 0)
        return std::nullopt;
    return name.data();
}

std::string port_text(Be16 port, IpProto protocol, Names names) {
    const bool has_names = protocol == IpProto::tcp || protocol == IpProto::udp;
    if (names == Names::resolved && has_names && port != Be16{}) {
        const servent* named = getservbyport(static_cast<int>(port), protocol == IpProto::tcp ? "tcp" : "udp");
        if (named != nullptr)
            return named->s_name;
    }
    return std::to_string(from_be16(port));
}

} // namespace

std::string endpoint_text(Family family, const Address& addr, Be16 port, IpProto protocol, Names names) {
    std::optional<std::string> name;
    if (names == Names::resolved)
        name = host_name(family, addr);
    const std::string host = name ? *name : numeric_host(family, addr);
    return fmt::format(fmt::runtime(family == Family::v6 ? "[{}]:{}" : "{}:{}"), host,
                       port_text(port, protocol, names));
}

std::string endpoint_column(Family family, const Address& addr, Be16 port, IpProto protocol, Names names) {
    std::string text = endpoint_text(family, addr, port, protocol, names);
    if (family == Family::v4 && text.size() > v4_column)
        text.resize(v4_column);
    return text;
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

std::string counter_column(u64 value, bool exact) {
    constexpr u64 k = 1000, m = k * k, g = m * k, t = g * k;
    if (exact || value < 100 * m)
        return fmt::format(" {:>8}", value);
    if (value < g)
        return fmt::format("{:>8}K", value / k);
    if (value < 100 * g)
        return fmt::format("{:>8}M", value / m);
    if (value < 100 * t)
        return fmt::format("{:>8}G", value / g);
    return fmt::format("{:>8}T", value / t);
}

} // namespace bpvs::cli
