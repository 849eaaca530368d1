#include "cli/bpvs/mark_text.hh"

#include "control/names.hh"

#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace bpvs::cli {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex)
        text.remove_prefix(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::unexpected<Error> wrong(const char* what, std::string_view text, const char* right) {
    return fail(Errc::out_of_range, fmt::format("The {} \"{}\" is none: {}.", what, text, right));
}

Result<IpProto> parse_protocol(const std::string& text) {
    if (text.empty() || text == "any" || text == "all" || text == "0")
        return IpProto::none;
    if (text == "tcp" || text == "6")
        return IpProto::tcp;
    if (text == "udp" || text == "17")
        return IpProto::udp;
    if (text == "sctp" || text == "132")
        return IpProto::sctp;
    return fail(
        Errc::not_supported,
        fmt::format("Packets of the protocol \"{}\" are not marked: name tcp, udp, sctp or any (all three).", text));
}

/// The destination into `rule`; host bits are cut off, as iptables does.
Result<void> parse_destination(const MarkWords& words, MarkRule& rule) {
    const std::string& text = words.destination;
    rule.family = words.v6 ? Family::v6 : Family::v4;
    if (text.empty())
        return {};
    const std::size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    const bool v6 = address.find(':') != std::string::npos;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), rule.destination.word) != 1)
        return wrong("destination", text, "write an IPv4 or IPv6 address, or a prefix like 10.0.0.0/24");
    if (!v6 && words.v6)
        return wrong("IPv6 destination", text, "leave -6 out for an IPv4 address");
    rule.family = v6 ? Family::v6 : Family::v4;
    const u32 longest = v6 ? 128 : 32;
    u32 length = longest;
    if (slash != std::string::npos) {
        const auto given = number<u32>(std::string_view(text).substr(slash + 1));
        if (!given || *given > longest)
            return wrong("destination", text, "after the slash goes the number of bits, up to 32, or 128 for IPv6");
        length = *given;
    }
    rule.length = static_cast<u8>(length);
    for (u32 i = 0; i < 4; ++i) {
        const u32 bits = length > i * 32 ? std::min(length - i * 32, 32u) : 0;
        const u32 mask = bits == 0 ? 0 : ~u32{0} << (32 - bits);
        rule.destination.word[i] = to_be32(from_be32(rule.destination.word[i]) & mask);
    }
    return {};
}

/// N, A:B, A: or :B
Result<void> parse_ports(const std::string& text, MarkRule& rule) {
    rule.first_port = 0;
    rule.last_port = 65535;
    if (text.empty())
        return {};
    const std::size_t colon = text.find(':');
    const std::string first = text.substr(0, colon);
    const std::string last = colon == std::string::npos ? first : text.substr(colon + 1);
    const auto a = first.empty() ? std::optional<u16>(0) : number<u16>(first);
    const auto b = last.empty() ? std::optional<u16>(65535) : number<u16>(last);
    if (!a || !b || (first.empty() && last.empty()))
        return wrong("port", text, "write a number up to 65535, or a range like 8000:8010");
    if (*a > *b)
        return wrong("range of ports", text, "the lower port comes first");
    rule.first_port = *a;
    rule.last_port = *b;
    return {};
}

/// A number, alone or with the full mask that iptables-save writes.
Result<u32> parse_mark(const std::string& text) {
    if (text.empty())
        return fail(Errc::out_of_range, "The mark is missing: add --set-mark with a number.");
    const std::size_t slash = text.find('/');
    const auto value = number<u32>(std::string_view(text).substr(0, slash));
    if (!value)
        return wrong("mark", text, "write a number up to 4294967295, or up to 0xffffffff");
    if (slash != std::string::npos && number<u32>(std::string_view(text).substr(slash + 1)) != 0xffffffffu)
        return fail(Errc::not_supported,
                    fmt::format("The mark \"{}\" sets only some of its bits, which is not carried out by this version: "
                                "leave the mask out.",
                                text));
    return *value;
}

std::string ports_text(const MarkRule& r) {
    if (r.first_port == 0 && r.last_port == 65535)
        return "any";
    return r.first_port == r.last_port ? std::to_string(r.first_port) : fmt::format("{}:{}", r.first_port, r.last_port);
}

std::string protocol_text(const MarkRule& r) {
    switch (r.protocol) {
    case IpProto::none:
        return "any";
    case IpProto::udp:
        return "udp";
    case IpProto::sctp:
        return "sctp";
    default:
        return "tcp";
    }
}

std::string destination_text(const MarkRule& r) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(r.family == Family::v6 ? AF_INET6 : AF_INET, r.destination.word, text, sizeof text);
    return fmt::format("{}/{}", text, r.length);
}

} // namespace

Result<MarkRule> parse_mark_rule(const MarkWords& words) {
    MarkRule rule{};
    const auto protocol = parse_protocol(words.protocol);
    if (!protocol)
        return std::unexpected(protocol.error());
    rule.protocol = *protocol;
    if (auto ok = parse_destination(words, rule); !ok)
        return std::unexpected(ok.error());
    if (auto ok = parse_ports(words.ports, rule); !ok)
        return std::unexpected(ok.error());
    const auto mark = parse_mark(words.mark);
    if (!mark)
        return std::unexpected(mark.error());
    rule.mark = *mark;
    return rule;
}

Result<u32> parse_mark_number(const std::string& text) {
    if (const auto n = number<u32>(text))
        return *n;
    return wrong("rule number", text, "`bpvs mark list` shows the numbers");
}

std::string marks_text(std::span<const MarkRule> rules) {
    constexpr auto row = "{:<5} {:<5} {:<28} {:<12} {}\n";
    std::string text = fmt::format(row, "num", "prot", "destination", "ports", "mark");
    u32 n = 0;
    for (const MarkRule& r : rules)
        text += fmt::format(row, ++n, protocol_text(r), destination_text(r), ports_text(r), r.mark);
    return text;
}

std::string marks_json(std::span<const MarkRule> rules) {
    using nlohmann::ordered_json;
    ordered_json list = ordered_json::array();
    u32 n = 0;
    for (const MarkRule& r : rules)
        list.push_back({{"number", ++n},
                        {"protocol", protocol_text(r)},
                        {"family", r.family == Family::v6 ? "ipv6" : "ipv4"},
                        {"destination", destination_text(r)},
                        {"first_port", r.first_port},
                        {"last_port", r.last_port},
                        {"mark", r.mark}});
    return ordered_json{{"version", 1}, {"rules", std::move(list)}}.dump(2) + "\n";
}

std::string marks_commands(std::span<const MarkRule> rules) {
    std::string text;
    for (const MarkRule& r : rules)
        text += "bpvs mark add " + to_text(r) + "\n";
    return text;
}

} // namespace bpvs::cli
