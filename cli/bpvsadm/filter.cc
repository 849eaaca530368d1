#include "cli/bpvsadm/filter.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <set>

namespace bpvs::cli {
namespace {

constexpr u32 word_bits = 32;

bool same_endpoint(const Endpoint& wanted, Family family, const Address& addr, Be16 port) {
    return wanted.family == family && wanted.addr == addr && (!wanted.port || *wanted.port == port);
}

bool same_service(const ServiceFilter& f, Family family, IpProto protocol, const Address& vip, Be16 vport, u32 fwmark) {
    if (f.fwmark != 0 || fwmark != 0)
        return f.fwmark == fwmark;
    return (f.protocol == IpProto::none || f.protocol == protocol) && same_endpoint(f.vip, family, vip, vport);
}

struct Prefix {
    std::string_view text;
    IpProto protocol;
};
constexpr std::array prefixes{Prefix{"tcp:", IpProto::tcp}, Prefix{"udp:", IpProto::udp},
                              Prefix{"sctp:", IpProto::sctp}};
constexpr std::string_view mark_prefix = "fwmark:";

} // namespace

bool Network::contains(Family of, const Address& a) const {
    if (of != family)
        return false;
    for (u32 i = 0, left = bits; i < 4 && left != 0; ++i) {
        const u32 here = std::min(left, word_bits);
        const u32 mask = ~u32{0} << (word_bits - here);
        if (((from_be32(a.word[i]) ^ from_be32(addr.word[i])) & mask) != 0)
            return false;
        left -= here;
    }
    return true;
}

bool Filter::wants(const ServiceName& name) const {
    return !service || same_service(*service, name.family, name.protocol, name.vip, name.vport, name.fwmark);
}

bool Filter::wants(const ServerSpec& spec) const {
    return !server || same_endpoint(*server, spec.family, spec.addr, spec.port);
}

bool Filter::wants(const ConnectionView& c) const {
    return (states.none() || states.test(static_cast<std::size_t>(c.state))) &&
           (!client || client->contains(c.family, c.client)) &&
           (!server || same_endpoint(*server, c.family, c.dest, c.dport)) &&
           (!service || same_service(*service, c.family, c.protocol, c.vip, c.vport, c.fwmark));
}

void Filter::apply(std::vector<ServiceView>& services) const {
    std::erase_if(services, [&](const ServiceView& s) { return !wants(s.spec.name); });
    if (!server)
        return;
    for (ServiceView& s : services)
        std::erase_if(s.servers, [&](const ServerView& v) { return !wants(v.spec); });
    std::erase_if(services, [](const ServiceView& s) { return s.servers.empty(); });
}

std::optional<ServiceFilter> parse_service_filter(const std::string& text) {
    ServiceFilter filter;
    if (text.starts_with(mark_prefix)) {
        const auto mark = parse_number(text.c_str() + mark_prefix.size(), 1, 0xffffffff);
        if (!mark)
            return std::nullopt;
        filter.fwmark = *mark;
        return filter;
    }
    std::string_view rest = text;
    for (const Prefix& p : prefixes) {
        if (!rest.starts_with(p.text))
            continue;
        filter.protocol = p.protocol;
        rest.remove_prefix(p.text.size());
        break;
    }
    const auto vip = parse_endpoint(std::string(rest), filter.protocol);
    if (!vip)
        return std::nullopt;
    filter.vip = *vip;
    return filter;
}

std::optional<Network> parse_network(const std::string& text) {
    const auto slash = text.find('/');
    const std::string host = text.substr(0, slash);
    Network network;
    if (inet_pton(AF_INET, host.c_str(), network.addr.word) == 1)
        network = {Family::v4, network.addr, 32};
    else if (inet_pton(AF_INET6, host.c_str(), network.addr.word) == 1)
        network = {Family::v6, network.addr, 128};
    else
        return std::nullopt;
    if (slash == std::string::npos)
        return network;
    const auto bits = parse_number(text.c_str() + slash + 1, 0, network.bits);
    if (!bits)
        return std::nullopt;
    network.bits = *bits;
    return network;
}

std::optional<std::bitset<state_count>> parse_states(const std::string& text) {
    std::bitset<state_count> states;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        std::string name = text.substr(begin, end - begin);
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
        bool known = false; // a name may be that of states of two protocols
        for (u32 i = 0; i < state_count; ++i) {
            if (!is_state(i) || name != state_name(static_cast<State>(i)))
                continue;
            states.set(i);
            known = true;
        }
        if (!known)
            return std::nullopt;
        begin = end + 1;
    }
    return states;
}

std::string all_states() {
    std::string text;
    std::set<std::string> seen;
    for (u32 i = 0; i < state_count; ++i)
        if (is_state(i) && seen.insert(state_name(static_cast<State>(i))).second)
            text += (text.empty() ? "" : ",") + std::string(state_name(static_cast<State>(i)));
    return text;
}

} // namespace bpvs::cli
