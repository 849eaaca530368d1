// bpvsadm command lines as scenarios write them, with role names for addresses.
#pragma once

#include "control/director.hh"

#include <string>
#include <vector>

namespace bpvs::scenario {

/// "tcp", "vip:80"
ServiceName parse_service(const std::string& protocol, const std::string& endpoint);

/// Carries out the words after "bpvsadm". Throws Wrong for what a scenario cannot say.
Result<void> carry_out(Director& director, const std::vector<std::string>& words);

} // namespace bpvs::scenario
