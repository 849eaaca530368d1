// What -L is to show, beyond ipvsadm: only some services, servers, clients, states.
#pragma once

#include "cli/bpvsadm/values.hh"
#include "control/director.hh"

#include <bitset>
#include <optional>
#include <string>

namespace bpvs::cli {

/// Protocol, port and mark are compared if they are given.
struct ServiceFilter {
    IpProto protocol = IpProto::none;
    Endpoint vip;
    u32 fwmark = 0; ///< 0: by address
};

struct Network {
    Family family{};
    Address addr{}; ///< bits behind the prefix do not count
    u32 bits = 0;
    bool contains(Family of, const Address& a) const;
};

struct Filter {
    std::optional<ServiceFilter> service;
    std::optional<Endpoint> server;
    std::optional<Network> client;
    std::bitset<state_count> states; ///< none: all

    bool wants(const ServiceName& name) const;
    bool wants(const ServerSpec& spec) const;
    bool wants(const ConnectionView& connection) const;
    /// Leaves the services that are wanted, and of those, with `server` given, the servers that are.
    void apply(std::vector<ServiceView>& services) const;
};

/// "tcp:1.1.1.1:80", "1.1.1.1", "udp:[2001:db8::1]:53", "fwmark:7"; nothing: it is none of these.
std::optional<ServiceFilter> parse_service_filter(const std::string& text);
/// "192.168.1.0/24", "2001:db8::/32"; without bits the one address.
std::optional<Network> parse_network(const std::string& text);
/// "ESTABLISHED,SYN_RECV", in any case; nothing: some state of them does not exist.
std::optional<std::bitset<state_count>> parse_states(const std::string& text);
/// Every state by name, joined by commas.
std::string all_states();

} // namespace bpvs::cli
