#include "lab/walk.hh"

#include <fmt/format.h>

#include <algorithm>

namespace bpvs::lab {
namespace {

/// One packet on its three hops of a direction; null where it was not seen.
using Trail = std::array<const Packet*, hops_each_way>;

/// Where packets can still be followed from hop to hop, however a director may break them.
using Same = bool (*)(const Packet&, const Packet&);
constexpr std::array<Same, 3> same_packet{
    [](const Packet& a, const Packet& b) {
        return a.seq == b.seq && a.ack == b.ack && a.flags == b.flags && a.payload == b.payload;
    },
    [](const Packet& a, const Packet& b) { return a.seq == b.seq && a.flags == b.flags; },
    [](const Packet& a, const Packet& b) { return a.flags == b.flags && a.payload == b.payload; },
};

std::size_t last_seen(const Trail& trail, std::size_t before) {
    while (before > 0 && trail[before - 1] == nullptr)
        --before;
    return before; // position + 1; 0: never
}

/// Appends what was captured at a hop to the trails: surest resemblance first, oldest packet
/// first. What belongs to no trail begins one of its own.
void extend(std::vector<Trail>& trails, std::size_t position, std::vector<const Packet*> seen) {
    for (const Same same : same_packet)
        for (Trail& trail : trails) {
            const std::size_t from = last_seen(trail, position);
            if (from == 0 || trail[position] != nullptr)
                continue;
            const auto found = std::ranges::find_if(seen, [&](const Packet* p) { return same(*trail[from - 1], *p); });
            if (found == seen.end())
                continue;
            trail[position] = *found;
            seen.erase(found);
        }
    for (const Packet* p : seen) {
        Trail trail{};
        trail[position] = p;
        trails.push_back(trail);
    }
}

/// All but the other direction, so that a packet with a wrong port is still looked at.
std::vector<const Packet*> of_direction(const Capture& capture, const Roles& roles, bool request) {
    std::vector<const Packet*> out;
    for (const Packet& p : capture.packets) {
        const Be16 port_of_other_way = request ? p.destination.port : p.source.port;
        if (port_of_other_way != roles.client.port)
            out.push_back(&p);
    }
    return out;
}

/// Collects the differences of one packet at one hop.
class Differences {
public:
    Differences(HopResult& hop, const Roles& roles, const Packet& packet, std::size_t number)
        : hop_(hop), roles_(roles), packet_(packet), number_(number) {}

    void say(const std::string& what) {
        hop_.differences.push_back(fmt::format("packet {} [{}]: {}", number_, flag_letters(packet_.flags), what));
    }

    template <class T>
    void role(const char* field, const T& is, const T& must) {
        if (is != must)
            say(fmt::format("{} is {} ({}), must be {} ({})", field, to_string(is), role_of(roles_, is),
                            to_string(must), role_of(roles_, must)));
    }

    template <class T>
    void value(const char* field, const T& is, const T& must) {
        if (is != must)
            say(fmt::format("{} is {}, must be {}", field, is, must));
    }

    void bytes(const char* field, const std::vector<u8>& is, const std::vector<u8>& must) {
        if (is != must)
            say(fmt::format("{} changed on the way ({} bytes, before {})", field, is.size(), must.size()));
    }

private:
    HopResult& hop_;
    const Roles& roles_;
    const Packet& packet_;
    std::size_t number_;
};

void check_rule(Differences& d, const Packet& p, const HopRule& rule, const Roles& roles) {
    const Endpoint& source = roles.*rule.source;
    const Endpoint& destination = roles.*rule.destination;
    d.role("sip", p.source.addr, source.addr);
    d.role("dip", p.destination.addr, destination.addr);
    d.role("smac", p.smac, roles.*rule.smac);
    d.role("dmac", p.dmac, roles.*rule.dmac);
    d.value("source port", from_be16(p.source.port), from_be16(source.port));
    d.value("destination port", from_be16(p.destination.port), from_be16(destination.port));
    if (p.ip_sum == Sum::bad)
        d.say("the IP checksum is wrong");
    if (p.tcp_sum == Sum::bad)
        d.say("the TCP checksum is wrong");
}

void check_unchanged(Differences& d, const Packet& p, const Packet& before, std::size_t routers) {
    d.value("ttl", static_cast<int>(p.ttl), before.ttl - static_cast<int>(routers));
    d.value("IP id", p.id, before.id);
    d.value("tos", p.tos, before.tos);
    d.value("fragment field", p.fragment, before.fragment);
    d.value("seq", p.seq, before.seq);
    d.value("ack", p.ack, before.ack);
    d.value("window", p.window, before.window);
    d.value("flags", flag_letters(p.flags), flag_letters(before.flags));
    d.bytes("the TCP options", p.options, before.options);
    d.bytes("the payload", p.payload, before.payload);
}

void check_trail(Walk& walk, const Roles& roles, std::size_t first_hop, const Trail& trail, std::size_t number) {
    for (std::size_t i = 0; i < trail.size(); ++i) {
        HopResult& hop = walk.hops[first_hop + i];
        const std::size_t from = last_seen(trail, i);
        if (trail[i] == nullptr) {
            if (from != 0)
                Differences(hop, roles, *trail[from - 1], number).say("did not get here");
            continue;
        }
        const Packet& p = *trail[i];
        Differences d(hop, roles, p, number);
        check_rule(d, p, walk_rules[first_hop + i], roles);
        if (from != 0)
            check_unchanged(d, p, *trail[from - 1], i - (from - 1));
        else if (i != 0)
            d.say(fmt::format("was not seen at hop {}", first_hop + i));
    }
}

void check_direction(Walk& walk, const std::array<Capture, hop_count>& captures, const Roles& roles,
                     std::size_t first_hop) {
    std::vector<Trail> trails;
    for (std::size_t i = 0; i < hops_each_way; ++i) {
        const Capture& capture = captures[first_hop + i];
        HopResult& hop = walk.hops[first_hop + i];
        const auto seen = of_direction(capture, roles, first_hop == 0);
        hop.packets = seen.size();
        if (seen.empty())
            hop.differences.emplace_back("no packet of the connection was captured");
        else
            hop.first = *seen.front();
        if (capture.malformed != 0)
            hop.differences.push_back(fmt::format("{} packets are malformed", capture.malformed));
        extend(trails, i, seen);
    }
    for (std::size_t n = 0; n < trails.size(); ++n)
        check_trail(walk, roles, first_hop, trails[n], n + 1);
}

std::string describe_packet(const Packet& p, const Roles& roles) {
    const auto pair = [](const char* left, const std::string& l, const char* right, const std::string& r) {
        return fmt::format("     {:<5}{:<34} {:<5}{}\n", left, l, right, r);
    };
    const auto address = [&](const Endpoint& e) { return fmt::format("{} {}", role_of(roles, e.addr), to_string(e)); };
    const auto mac = [&](const Mac& m) { return fmt::format("{} {}", role_of(roles, m), to_string(m)); };
    return pair("sip:", address(p.source), "dip:", address(p.destination)) +
           pair("smac:", mac(p.smac), "dmac:", mac(p.dmac)) +
           fmt::format("     [{}] seq {} ack {} ttl {} id {:#06x}\n", flag_letters(p.flags), p.seq, p.ack, p.ttl, p.id);
}

std::string verdict(const HopResult& hop) {
    constexpr std::size_t shown = 5;
    if (hop.differences.empty())
        return fmt::format("     ok ({} packets)\n", hop.packets);
    std::string out;
    for (std::size_t i = 0; i < std::min(shown, hop.differences.size()); ++i)
        out += fmt::format("     DIFFERS: {}\n", hop.differences[i]);
    if (hop.differences.size() > shown)
        out += fmt::format("     and {} differences more\n", hop.differences.size() - shown);
    return out;
}

} // namespace

bool Walk::ok() const {
    return std::ranges::all_of(hops, [](const HopResult& hop) { return hop.differences.empty(); });
}

Walk check_walk(const std::array<Capture, hop_count>& captures, const Roles& roles) {
    Walk walk;
    check_direction(walk, captures, roles, 0);
    check_direction(walk, captures, roles, hops_each_way);
    return walk;
}

std::string describe(const Walk& walk, const Roles& roles) {
    std::string out;
    for (std::size_t i = 0; i < hop_count; ++i) {
        const HopResult& hop = walk.hops[i];
        out += fmt::format("{}.{}\n", i + 1, walk_rules[i].title);
        if (hop.first)
            out += describe_packet(*hop.first, roles);
        out += verdict(hop);
    }
    return out;
}

} // namespace bpvs::lab
