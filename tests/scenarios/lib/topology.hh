// The tutorial's topology, and the names that packets and command lines are written with.
//
//     client cip ── gateway gip ── (outside) director vip | dip (inside) ── servers rip1, rip2, …
#pragma once

#include "sim/routes.hh"

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bpvs::scenario {

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
    std::vector<Be32> addresses; ///< all /24
};

struct Prefix {
    Be32 addr;
    u32 length;
};

/// The director's surroundings, with what a scenario changed about them.
struct Topology {
    Topology();

    std::vector<Link> links; ///< outside, inside
    std::vector<Prefix> unreachable;
    std::vector<Be32> unresolved; ///< neighbours that do not answer

    Link& link(std::string_view name);
    bool is_local(Be32 addr) const;
    /// The director's link towards an address.
    const Link& towards(Be32 addr) const;
    /// Whom the director hands packets for an address to: itself, or the gateway.
    Be32 next_hop(Be32 addr) const;
    /// All neighbours that have a MAC address, by link.
    std::vector<Be32> neighbours(const Link& link) const;
};

/// A role's name, or a dotted address.
Be32 parse_address(std::string_view text);
/// The role's name if there is one.
std::string address_name(Be32 addr);
std::string dotted(Be32 addr);
/// The MAC address of a neighbour: its last two bytes tell which.
Mac mac_of_neighbour(Be32 addr);
std::string mac_text(const u8* mac);

} // namespace bpvs::scenario
