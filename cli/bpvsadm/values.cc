#include "cli/bpvsadm/values.hh"

#include "cli/bpvsadm/lookup.hh"
#include "control/changes.hh"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <netdb.h>

namespace bpvs::cli {
namespace {

std::optional<Address> resolve_v4(const std::string& host) {
    in_addr a{};
    if (inet_aton(host.c_str(), &a) != 0)
        return address_v4(static_cast<Be32>(a.s_addr));
    return host.empty() ? std::nullopt : address_of(host);
}

std::optional<Address> numeric_v6(const std::string& host) {
    Address a{};
    if (inet_pton(AF_INET6, host.c_str(), a.word) != 1)
        return std::nullopt;
    return a;
}

std::optional<Be16> parse_port(const std::string& text, IpProto protocol) {
    if (const auto number = parse_number(text.c_str(), 0, 65535))
        return to_be16(static_cast<u16>(*number));
    if (protocol != IpProto::tcp && protocol != IpProto::udp)
        return std::nullopt;
    const servent* named = getservbyname(text.c_str(), protocol == IpProto::tcp ? "tcp" : "udp");
    if (named == nullptr)
        return std::nullopt;
    return static_cast<Be16>(named->s_port);
}

/// "[HOST]:PORT". A host in brackets that is not IPv6 stands without its port, as in ipvsadm.
std::optional<Endpoint> parse_bracketed(const std::string& text, IpProto protocol) {
    const auto end = text.find("]:");
    if (end == std::string::npos)
        return std::nullopt;
    const std::string host = text.substr(1, end - 1);
    if (const auto v6 = numeric_v6(host)) {
        const auto port = parse_port(text.substr(end + 2), protocol);
        return port ? std::optional(Endpoint{Family::v6, *v6, port}) : std::nullopt;
    }
    const auto v4 = resolve_v4(host);
    return v4 ? std::optional(Endpoint{Family::v4, *v4, std::nullopt}) : std::nullopt;
}

struct Flag {
    const char* name;
    const char* scheduler; ///< nullptr: of every scheduler
    u32 bit;
};
constexpr u32 first_flag = 0x8; // IP_VS_SVC_F_SCHED1 (linux/ip_vs.h); the others follow
constexpr std::array flags{
    Flag{"flag-1", nullptr, first_flag},      Flag{"flag-2", nullptr, first_flag << 1},
    Flag{"flag-3", nullptr, first_flag << 2}, Flag{"sh-fallback", "sh", first_flag},
    Flag{"sh-port", "sh", first_flag << 1},   Flag{"mh-fallback", "mh", first_flag},
    Flag{"mh-port", "mh", first_flag << 1},
};

} // namespace

std::optional<u32> parse_number(const char* text, u32 min, u32 max) {
    char* end = nullptr;
    errno = 0;
    const long long value = std::strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
        return std::nullopt;
    return static_cast<u32>(value);
}

std::optional<Endpoint> parse_endpoint(const std::string& text, IpProto protocol) {
    if (text.starts_with('['))
        return parse_bracketed(text, protocol);
    if (const auto v6 = numeric_v6(text))
        return Endpoint{Family::v6, *v6, std::nullopt};
    const auto colon = text.rfind(':');
    if (text.find_first_not_of("0123456789") == std::string::npos)
        return std::nullopt; // ipvsadm takes it for a port without a host
    std::optional<Be16> port;
    if (colon != std::string::npos) {
        port = parse_port(text.substr(colon + 1), protocol);
        if (!port)
            return std::nullopt;
    }
    const auto v4 = resolve_v4(text.substr(0, colon));
    return v4 ? std::optional(Endpoint{Family::v4, *v4, port}) : std::nullopt;
}

std::optional<u32> parse_netmask(const char* text) {
    const auto v4 = resolve_v4(text);
    return v4 ? std::optional(static_cast<u32>(v4->word[0])) : std::nullopt;
}

std::optional<u32> parse_drain(const std::string& text) {
    if (text == "finish")
        return drain_finish;
    if (text == "reset")
        return drain_reset;
    const auto seconds = parse_number(text.c_str(), 1, max_timeout);
    return seconds ? std::optional(*seconds + 1) : std::nullopt;
}

std::string drain_text(u32 drain) {
    return drain == drain_finish ? "finish" : drain == drain_reset ? "reset" : std::to_string(drain - 1);
}

SchedFlags parse_sched_flags(std::string_view text, std::string_view scheduler) {
    SchedFlags result;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view name = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (name.empty())
            continue;
        const Flag* found = nullptr;
        for (const Flag& f : flags)
            if (name == f.name)
                found = &f;
        if (found == nullptr)
            result.unknown = name;
        else if (found->scheduler != nullptr && scheduler != found->scheduler)
            result.incompatible = name;
        else
            result.bits |= found->bit;
        if (!result.unknown.empty() || !result.incompatible.empty())
            break;
    }
    return result;
}

std::string sched_flags_text(u32 bits, std::string_view scheduler) {
    const bool own_names = scheduler == "sh" || scheduler == "mh";
    std::string text;
    for (const Flag& f : flags) {
        const bool of_scheduler =
            own_names ? f.scheduler != nullptr && scheduler == f.scheduler : f.scheduler == nullptr;
        if (of_scheduler && (bits & f.bit) != 0)
            text += (text.empty() ? "" : ",") + std::string(f.name);
    }
    return text;
}

} // namespace bpvs::cli
