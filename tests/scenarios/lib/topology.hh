// The tutorial's topology, and the names that packets and command lines are written with.
//
//     client cip ── gateway gip ── (outside) director vip | dip (inside) ── servers rip1, rip2, …
//
// Every name has an IPv6 twin: 6cip, 6gip, 6vip, …
#pragma once

#include "sim/routes.hh"

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bpvs::scenario {

using sim::Host;
using sim::Mac;

/// What is wrong with a scenario file or a packet expression.
struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An interface of the director.
struct Link {
    std::string name;
    u32 ifindex;
    Mac mac;
    u16 mtu;
    std::vector<Host> addresses; ///< IPv4 /24, IPv6 /64
    friend bool operator==(const Link&, const Link&) = default;
};

struct Prefix {
    Host addr;
    u32 length = 0;
    friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// The director's surroundings, with what a scenario changed about them.
struct Topology {
    Topology();

    std::vector<Link> links; ///< outside, inside
    std::vector<Prefix> unreachable;
    std::vector<Host> unresolved; ///< neighbours that do not answer

    Link& link(std::string_view name);
    bool is_local(const Host& addr) const;
    /// The director's link towards an address.
    const Link& towards(const Host& addr) const;
    /// Whom the director hands packets for an address to: itself, or the gateway.
    Host next_hop(const Host& addr) const;
    /// All neighbours that have a MAC address, by link.
    std::vector<Host> neighbours(const Link& link) const;

    friend bool operator==(const Topology&, const Topology&) = default;
};

/// A role's name, or an address as people write it.
Host parse_address(std::string_view text);
/// The gateway of a family, and the router among the servers.
Host gateway(Family family);
Host router(Family family);
/// Networks of which every address is the director's, and networks of servers behind the router: room for many
/// scenarios at once.
const std::vector<Prefix>& own_networks();
const std::vector<Prefix>& networks_behind_router();
bool belongs(const Host& addr, const Prefix& prefix);
u32 prefix_length(Family family);
/// The role's name if there is one.
std::string address_name(const Host& addr);
std::string address_text(const Host& addr);
/// The MAC address of a neighbour: its last bytes tell which.
Mac mac_of_neighbour(const Host& addr);
std::string mac_text(const u8* mac);

} // namespace bpvs::scenario
