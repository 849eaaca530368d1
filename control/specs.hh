// How a service and a server are named and set up: what ipvsadm's options say.
#pragma once

#include "core/model/service.hh"

#include <string>

namespace bpvs {

/// What names a service: an address, a protocol and a port, or a firewall mark.
struct ServiceName {
    Family family = Family::v4;
    IpProto protocol = IpProto::none; ///< none: by fwmark
    Address vip{};
    Be16 vport{};
    u32 fwmark = 0;
    friend bool operator==(const ServiceName&, const ServiceName&) = default;
};

struct ServiceSpec {
    ServiceName name;
    std::string scheduler = "wlc"; ///< ipvsadm's name
    u32 sched_flags = 0;           ///< bits of -b
    u32 persistence = 0;           ///< seconds, 0: none
    u32 netmask = 0;               ///< with persistence: IPv4 mask (network byte order) or IPv6 prefix length
    bool one_packet = false;       ///< -o
    std::string pe;                ///< persistence engine
    u32 drain = drain_unset;       ///< as Service::drain
    bool idle_reset = false;       ///< idle TCP connections that expire are reset by what still comes
    friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

struct ServerSpec {
    Family family = Family::v4;
    Address addr{};
    Be16 port{};
    Forward method = Forward::route;
    u32 weight = 1;
    u32 upper = 0;       ///< -x
    u32 lower = 0;       ///< -y
    u32 tunnel_type = 0; ///< 0 ipip, 1 gue, 2 gre
    u32 tunnel_flags = 0;
    Be16 tunnel_port{};
    friend bool operator==(const ServerSpec&, const ServerSpec&) = default;
};

} // namespace bpvs
