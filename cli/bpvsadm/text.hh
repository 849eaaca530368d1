// Addresses, ports and numbers as ipvsadm prints them.
#pragma once

#include "control/director.hh"

#include <string>

namespace bpvs::cli {

/// How names are shown: numbers, or names where there are any.
enum class Names : bool { numeric, resolved };

/// "1.1.1.1:80", "web:http", "[2001:db8::1]:80".
std::string endpoint_text(Family family, const Address& addr, Be16 port, IpProto protocol, Names names);

/// The same as a column of a listing, where a long IPv4 name is cut to 28 characters.
std::string endpoint_column(Family family, const Address& addr, Be16 port, IpProto protocol, Names names);

/// "TCP", "UDP", "SCTP".
const char* protocol_text(IpProto protocol);

/// The value of -M; empty when it is the whole address.
std::string persistence_mask(const ServiceSpec& spec);

/// Nine columns: a blank and eight digits, or K, M, G, T when there are more and not `exact`.
std::string counter_column(u64 value, bool exact);

} // namespace bpvs::cli
