// bpvsadm command lines as scenarios write them, with role names for addresses.
#pragma once

#include "control/director.hh"
#include "control/marks.hh"

#include <string>
#include <vector>

namespace bpvs::scenario {

/// "tcp", "vip:80"; "mark", "5"
ServiceName parse_service(const std::string& protocol, const std::string& endpoint);

/// Carries out the words after "bpvsadm". Throws Wrong for what a scenario cannot say.
Result<void> carry_out(Director& director, const std::vector<std::string>& words);
/// The same for the words after "bpvs mark": add, del or flush.
Result<void> carry_out_mark(Marks marks, const std::vector<std::string>& words);

} // namespace bpvs::scenario
