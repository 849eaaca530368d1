// What a Command must satisfy as a whole: options that go together, values that fit each other.
#pragma once

#include "cli/bpvsadm/command.hh"

#include <array>

namespace bpvs::cli {

constexpr std::array<const char*, 3> tunnel_types{"ipip", "gue", "gre"}; ///< index: ServerSpec::tunnel_type
constexpr u32 tunnel_flag_csum = 1;                                      ///< IP_VS_TUNNEL_ENCAP_FLAG_CSUM
constexpr u32 tunnel_flag_remcsum = 2;                                   ///< IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM

/// Also turns the text of -b into bits, which needs the scheduler's name.
Parsed<void> check(Command& command);

bool is_multicast(const std::string& address);

} // namespace bpvs::cli
