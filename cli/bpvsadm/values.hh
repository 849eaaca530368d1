// The values of options: numbers, addresses, ports, masks, flags.
#pragma once

#include "core/model/types.hh"

#include <optional>
#include <string>
#include <string_view>

namespace bpvs::cli {

inline constexpr u32 whole_v6 = 128; ///< prefix length of one IPv6 client

/// A decimal number in [min, max]; leading blanks and a sign are accepted, as by ipvsadm.
std::optional<u32> parse_number(const char* text, u32 min, u32 max);

struct Endpoint {
    Family family{};
    Address addr{};
    std::optional<Be16> port; ///< none: no port was given
};
/// HOST, HOST:PORT, IPv6, [IPv6]:PORT; HOST may be a name of an IPv4 host, PORT a name for `protocol`.
std::optional<Endpoint> parse_endpoint(const std::string& text, IpProto protocol);

/// An IPv4 netmask (network byte order), or the name of a host that stands for one.
std::optional<u32> parse_netmask(const char* text);

/// --drain, as Service::drain has it: finish, reset or seconds.
std::optional<u32> parse_drain(const std::string& text);
std::string drain_text(u32 drain);

/// Bits of -b, by ipvsadm's names. At most one of the texts is not empty: the first flag that is wrong.
struct SchedFlags {
    u32 bits = 0;
    std::string unknown;      ///< not the name of a flag
    std::string incompatible; ///< a flag of another scheduler
};
SchedFlags parse_sched_flags(std::string_view text, std::string_view scheduler);
/// The names of `bits`, joined by commas.
std::string sched_flags_text(u32 bits, std::string_view scheduler);

} // namespace bpvs::cli
