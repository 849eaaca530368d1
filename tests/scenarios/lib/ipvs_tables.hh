// What the kernel's IPVS says about itself, read from its files in /proc and from ipvsadm's listings.
#pragma once

#include "tests/scenarios/lib/bench.hh"

#include <istream>

namespace bpvs::scenario {

/// /proc/net/ip_vs: services, servers, weights, active and inactive connections.
std::vector<ServiceView> read_ip_vs(std::istream& file);
/// /proc/net/ip_vs_conn
std::vector<ConnectionView> read_ip_vs_conn(std::istream& file);
/// `ipvsadm -Ln --stats --exact` and `ipvsadm -Ln --persistent-conn`: fills their columns in.
void add_stats(std::istream& listing, std::vector<ServiceView>& services);
void add_persistent(std::istream& listing, std::vector<ServiceView>& services);

} // namespace bpvs::scenario
