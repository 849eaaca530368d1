// Who is who on the way of a VS/NAT connection, and what each of the six hops must look like.
#pragma once

#include "lab/packet.hh"

#include <expected>
#include <string>

namespace bpvs::lab {

struct Roles {
    Endpoint client;      ///< CIP and the client's port
    Endpoint service;     ///< VIP and the service's port
    Endpoint real_server; ///< RIP and the real server's port
    Mac client_mac{}, gw_up_mac{}, gw_down_mac{}, vip_mac{}, dip_mac{}, rs_mac{};
};

constexpr std::size_t hop_count = 6;
constexpr std::size_t hops_each_way = 3;

/// What every packet of the connection must carry at one hop.
struct HopRule {
    const char* title;
    Endpoint Roles::* source;
    Endpoint Roles::* destination;
    Mac Roles::* smac;
    Mac Roles::* dmac;
};

/// The walk as it is taught: three hops with the request, three with the reply.
constexpr std::array<HopRule, hop_count> walk_rules{{
    {"Client---------->GW", &Roles::client, &Roles::service, &Roles::client_mac, &Roles::gw_up_mac},
    {"GW-------------->Director", &Roles::client, &Roles::service, &Roles::gw_down_mac, &Roles::vip_mac},
    {"Director-------->Real Server (DNAT)", &Roles::client, &Roles::real_server, &Roles::dip_mac, &Roles::rs_mac},
    {"Real Server----->Director", &Roles::real_server, &Roles::client, &Roles::rs_mac, &Roles::dip_mac},
    {"Director-------->GW", &Roles::service, &Roles::client, &Roles::vip_mac, &Roles::gw_down_mac},
    {"GW-------------->Client", &Roles::service, &Roles::client, &Roles::gw_up_mac, &Roles::client_mac},
}};

/// Name of the role that has this address or MAC ("CIP", "GW_up_mac"); "?" if none has.
const char* role_of(const Roles& roles, Be32 addr);
const char* role_of(const Roles& roles, const Mac& mac);

/// Reads "1.1.1.1:80" and "02:00:00:00:c1:00"; the error is a sentence.
std::expected<Endpoint, std::string> parse_endpoint(const std::string& text);
std::expected<Mac, std::string> parse_mac(const std::string& text);

} // namespace bpvs::lab
