// What `bpvs status` prints.
#pragma once

#include "control/open.hh"

#include <string>

namespace bpvs::cli {

std::string status_text(const DirectorStatus& status);
std::string status_json(const DirectorStatus& status);

} // namespace bpvs::cli
