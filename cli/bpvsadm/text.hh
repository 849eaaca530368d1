// Addresses, ports and numbers as ipvsadm prints them.
#pragma once

#include "cli/bpvsadm/lookup.hh"
#include "cli/bpvsadm/output.hh"
#include "control/director.hh"

#include <string>

namespace bpvs::cli {

/// "1.1.1.1", "2001:db8::1".
void put_address(Buffer& out, Family family, const Address& addr);

/// "1.1.1.1:80", "web:http", "[2001:db8::1]:80"; a name for what `names` has one for. Returns the length.
std::size_t put_endpoint(Buffer& out, Family family, const Address& addr, Be16 port, IpProto protocol,
                         const Names& names);
std::string endpoint_text(Family family, const Address& addr, Be16 port, IpProto protocol, const Names& names);

/// The same as a column of a listing: at least `width` characters; a long IPv4 name is cut to 28.
std::size_t put_endpoint_column(Buffer& out, Family family, const Address& addr, Be16 port, IpProto protocol,
                                const Names& names, std::size_t width);

/// Blanks, until a column that is `length` long is `width` wide.
void pad(Buffer& out, std::size_t length, std::size_t width);

/// "TCP", "UDP", "SCTP".
const char* protocol_text(IpProto protocol);

/// The value of -M; empty when it is the whole address.
std::string persistence_mask(const ServiceSpec& spec);

/// Nine columns: a blank and eight digits, or K, M, G, T when there are more and not `exact`.
void put_counter(Buffer& out, u64 value, bool exact);

} // namespace bpvs::cli
