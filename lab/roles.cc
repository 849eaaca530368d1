#include "lab/roles.hh"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <utility>

namespace bpvs::lab {

const char* role_of(const Roles& roles, Be32 addr) {
    if (addr == roles.client.addr)
        return "CIP";
    if (addr == roles.service.addr)
        return "VIP";
    if (addr == roles.real_server.addr)
        return "RIP";
    return "?";
}

const char* role_of(const Roles& roles, const Mac& mac) {
    const std::array<std::pair<const Mac*, const char*>, 6> names{{
        {&roles.client_mac, "Client_mac"},
        {&roles.gw_up_mac, "GW_up_mac"},
        {&roles.gw_down_mac, "GW_down_mac"},
        {&roles.vip_mac, "VIP_mac"},
        {&roles.dip_mac, "DIP_mac"},
        {&roles.rs_mac, "RealServer_mac"},
    }};
    for (const auto& [value, name] : names)
        if (*value == mac)
            return name;
    return "?";
}

std::expected<Endpoint, std::string> parse_endpoint(const std::string& text) {
    const auto colon = text.find(':');
    in_addr addr{};
    unsigned port = 0;
    bool ok = colon != std::string::npos && inet_pton(AF_INET, text.substr(0, colon).c_str(), &addr) == 1;
    if (ok) {
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
        ok = error == std::errc{} && stop == end && port >= 1 && port <= 65535;
    }
    if (!ok)
        return std::unexpected(fmt::format("'{}' is not ADDRESS:PORT, such as 1.1.1.1:80", text));
    return Endpoint{std::bit_cast<Be32>(addr), to_be16(static_cast<u16>(port))};
}

std::expected<Mac, std::string> parse_mac(const std::string& text) {
    Mac mac{};
    bool ok = text.size() == mac.size() * 3 - 1;
    for (std::size_t i = 0; ok && i < mac.size(); ++i) {
        const char* digits = text.data() + i * 3;
        const auto [stop, error] = std::from_chars(digits, digits + 2, mac[i], 16);
        ok = error == std::errc{} && stop == digits + 2 && (i + 1 == mac.size() || *stop == ':');
    }
    if (!ok)
        return std::unexpected(fmt::format("'{}' is not a MAC address, such as 02:00:00:00:c1:00", text));
    return mac;
}

} // namespace bpvs::lab
