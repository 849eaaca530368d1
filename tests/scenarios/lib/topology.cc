#include "tests/scenarios/lib/topology.hh"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace bpvs::scenario {

namespace {

Host numeric(const char* text) {
    Host h{Family::v4, {}};
    if (inet_pton(AF_INET, text, h.addr.word) == 1)
        return h;
    h.family = Family::v6;
    if (inet_pton(AF_INET6, text, h.addr.word) == 1)
        return h;
    throw Wrong(fmt::format("'{}' is neither a role nor an address", text));
}

const std::map<std::string, const char*, std::less<>>& roles() {
    static const std::map<std::string, const char*, std::less<>> all{
        {"cip", "192.168.1.1"},     {"cip2", "192.168.1.2"},
        {"cip3", "192.168.1.3"},    {"gip", "1.1.1.254"},
        {"vip", "1.1.1.1"},         {"vip2", "1.1.1.2"},
        {"dip", "172.16.1.254"},    {"rip1", "172.16.1.1"},
        {"rip2", "172.16.1.2"},     {"rip3", "172.16.1.3"},
        {"rip4", "172.16.1.4"},     {"router", "172.16.1.250"},
        {"hop", "198.51.100.7"},    {"far", "203.0.113.9"},
        {"6cip", "2001:db8:c::1"},  {"6cip2", "2001:db8:c::2"},
        {"6cip3", "2001:db8:c::3"}, {"6gip", "2001:db8:1::fe"},
        {"6vip", "2001:db8:1::1"},  {"6vip2", "2001:db8:1::2"},
        {"6dip", "2001:db8:2::fe"}, {"6rip1", "2001:db8:2::1"},
        {"6rip2", "2001:db8:2::2"}, {"6rip3", "2001:db8:2::3"},
        {"6rip4", "2001:db8:2::4"}, {"6router", "2001:db8:2::fa"},
        {"6hop", "2001:db8:f::7"},  {"6far", "2001:db8:e::9"},
    };
    return all;
}

bool same_net(const Host& a, const Host& b) {
    if (a.family != b.family)
        return false;
    if (a.family == Family::v6)
        return a.addr.word[0] == b.addr.word[0] && a.addr.word[1] == b.addr.word[1];
    return (from_be32(a.addr.word[0]) >> 8) == (from_be32(b.addr.word[0]) >> 8);
}

bool belongs_to_any(const Host& addr, const std::vector<Prefix>& prefixes) {
    return std::ranges::any_of(prefixes, [&](const Prefix& p) { return belongs(addr, p); });
}

bool on_link(const Link& link, const Host& addr) {
    return std::ranges::any_of(link.addresses, [&](const Host& own) { return same_net(own, addr); });
}

} // namespace

Topology::Topology()
    : links{{"outside", 10, {2, 0, 0, 0, 0xd0, 0}, 1500, {}}, {"inside", 11, {2, 0, 0, 0, 0xd0, 1}, 1500, {}}} {
    for (const char* name : {"vip", "vip2", "6vip", "6vip2"})
        links[0].addresses.push_back(parse_address(name));
    for (const char* name : {"dip", "6dip"})
        links[1].addresses.push_back(parse_address(name));
}

Link& Topology::link(std::string_view name) {
    const auto it = std::ranges::find(links, name, &Link::name);
    if (it == links.end())
        throw Wrong(fmt::format("there is no interface '{}', only outside and inside", name));
    return *it;
}

bool Topology::is_local(const Host& addr) const {
    return belongs_to_any(addr, own_networks()) || std::ranges::any_of(links, [&](const Link& l) {
               return std::ranges::find(l.addresses, addr) != l.addresses.end();
           });
}

const Link& Topology::towards(const Host& addr) const {
    if (belongs_to_any(addr, networks_behind_router()))
        return links.back();
    const auto it = std::ranges::find_if(links, [&](const Link& l) { return on_link(l, addr); });
    return it == links.end() ? links.front() : *it;
}

Host Topology::next_hop(const Host& addr) const {
    if (belongs_to_any(addr, networks_behind_router()))
        return router(addr.family);
    return on_link(towards(addr), addr) ? addr : gateway(addr.family);
}

std::vector<Host> Topology::neighbours(const Link& link) const {
    std::vector<Host> all;
    for (const auto& [name, text] : roles()) {
        const Host addr = numeric(text);
        if (on_link(link, addr) && !is_local(addr) && std::ranges::find(unresolved, addr) == unresolved.end())
            all.push_back(addr);
    }
    return all;
}

Host parse_address(std::string_view text) {
    const auto role = roles().find(text);
    return numeric(role == roles().end() ? std::string(text).c_str() : role->second);
}

Host gateway(Family family) { return parse_address(family == Family::v6 ? "6gip" : "gip"); }
Host router(Family family) { return parse_address(family == Family::v6 ? "6router" : "router"); }

const std::vector<Prefix>& own_networks() {
    static const std::vector<Prefix> all{{numeric("10.32.0.0"), 12}, {numeric("2001:db8:a00::"), 48}};
    return all;
}

const std::vector<Prefix>& networks_behind_router() {
    static const std::vector<Prefix> all{{numeric("10.16.0.0"), 12}, {numeric("2001:db8:b00::"), 48}};
    return all;
}

bool belongs(const Host& addr, const Prefix& prefix) {
    u32 bits = prefix.length;
    for (std::size_t i = 0; i < std::size(addr.addr.word) && bits > 0; i++) {
        const u32 here = std::min(bits, 32u);
        if ((from_be32(addr.addr.word[i]) ^ from_be32(prefix.addr.addr.word[i])) >> (32 - here))
            return false;
        bits -= here;
    }
    return addr.family == prefix.addr.family;
}

u32 prefix_length(Family family) { return family == Family::v6 ? 64 : 24; }

std::string address_text(const Host& addr) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(addr.family == Family::v6 ? AF_INET6 : AF_INET, addr.addr.word, text, sizeof text);
    return text;
}

std::string address_name(const Host& addr) {
    std::string text = address_text(addr);
    for (const auto& [name, numbers] : roles())
        if (text == numbers)
            return name;
    return text;
}

Mac mac_of_neighbour(const Host& addr) {
    if (addr.family == Family::v6) {
        const u32 net = from_be32(addr.addr.word[1]) >> 16;
        const u32 host = from_be32(addr.addr.word[3]);
        return {2, 0, 6, static_cast<u8>(net), static_cast<u8>(host >> 8), static_cast<u8>(host)};
    }
    const u32 a = from_be32(addr.addr.word[0]);
    return {2, 0, 0, static_cast<u8>(a >> 16), static_cast<u8>(a >> 8), static_cast<u8>(a)};
}

std::string mac_text(const u8* mac) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

} // namespace bpvs::scenario
