// What `bpvs sysctl` reads and prints.
#pragma once

#include "control/settings.hh"

#include <iosfwd>
#include <string>
#include <vector>

namespace bpvs::cli {

/// The lines of a file as in /etc/sysctl.d: `NAME = VALUE`, comments (# ;), and names of other trees, which are
/// passed over. A line that begins with - may be wrong. The errors of check_setting(), with file and line.
Result<std::vector<Assignment>> read_assignments(std::istream& in, const std::string& file);

/// A line for each: "net.ipv4.vs.NAME = VALUE" (ours "bpvs.NAME = VALUE"), or only the value.
std::string settings_text(const std::vector<const SettingInfo*>& which, const Settings& in_force, bool values_only);
std::string settings_json(const std::vector<const SettingInfo*>& which, const Settings& in_force);

} // namespace bpvs::cli
