#include "tests/scenarios/lib/topology.hh"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace bpvs::scenario {

namespace {

Be32 dotted_quad(const char* text) {
    in_addr a{};
    if (inet_pton(AF_INET, text, &a) != 1)
        throw Wrong(fmt::format("'{}' is neither a role nor an IPv4 address", text));
    return static_cast<Be32>(a.s_addr);
}

const std::map<std::string, const char*, std::less<>>& roles() {
    static const std::map<std::string, const char*, std::less<>> all{
        {"cip", "192.168.1.1"},  {"cip2", "192.168.1.2"}, {"cip3", "192.168.1.3"}, {"gip", "1.1.1.254"},
        {"vip", "1.1.1.1"},      {"vip2", "1.1.1.2"},     {"dip", "172.16.1.254"}, {"rip1", "172.16.1.1"},
        {"rip2", "172.16.1.2"},  {"rip3", "172.16.1.3"},  {"rip4", "172.16.1.4"},  {"router", "172.16.1.250"},
        {"hop", "198.51.100.7"}, {"far", "203.0.113.9"},
    };
    return all;
}

bool same_24(Be32 a, Be32 b) { return (from_be32(a) >> 8) == (from_be32(b) >> 8); }

} // namespace

Topology::Topology()
    : links{{"outside", 10, {2, 0, 0, 0, 0xd0, 0}, 1500, {parse_address("vip"), parse_address("vip2")}},
            {"inside", 11, {2, 0, 0, 0, 0xd0, 1}, 1500, {parse_address("dip")}}} {}

Link& Topology::link(std::string_view name) {
    const auto it = std::ranges::find(links, name, &Link::name);
    if (it == links.end())
        throw Wrong(fmt::format("there is no interface '{}', only outside and inside", name));
    return *it;
}

bool Topology::is_local(Be32 addr) const {
    return std::ranges::any_of(
        links, [&](const Link& l) { return std::ranges::find(l.addresses, addr) != l.addresses.end(); });
}

const Link& Topology::towards(Be32 addr) const {
    const auto on_link = std::ranges::find_if(links, [&](const Link& l) { return same_24(l.addresses.front(), addr); });
    return on_link == links.end() ? links.front() : *on_link;
}

Be32 Topology::next_hop(Be32 addr) const {
    return same_24(towards(addr).addresses.front(), addr) ? addr : parse_address("gip");
}

std::vector<Be32> Topology::neighbours(const Link& link) const {
    std::vector<Be32> all;
    for (const auto& [name, text] : roles()) {
        const Be32 addr = dotted_quad(text);
        if (same_24(addr, link.addresses.front()) && !is_local(addr) &&
            std::ranges::find(unresolved, addr) == unresolved.end())
            all.push_back(addr);
    }
    return all;
}

Be32 parse_address(std::string_view text) {
    const auto role = roles().find(text);
    return dotted_quad(role == roles().end() ? std::string(text).c_str() : role->second);
}

std::string dotted(Be32 addr) {
    const u32 a = from_be32(addr);
    return fmt::format("{}.{}.{}.{}", a >> 24, (a >> 16) & 255, (a >> 8) & 255, a & 255);
}

std::string address_name(Be32 addr) {
    std::string text = dotted(addr);
    for (const auto& [name, quad] : roles())
        if (text == quad)
            return name;
    return text;
}

Mac mac_of_neighbour(Be32 addr) {
    const u32 a = from_be32(addr);
    return {2, 0, 0, static_cast<u8>(a >> 16), static_cast<u8>(a >> 8), static_cast<u8>(a)};
}

std::string mac_text(const u8* mac) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

} // namespace bpvs::scenario
