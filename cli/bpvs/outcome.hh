#pragma once

#include "control/error.hh"

namespace bpvs::cli {

/// 0, or 1 after one sentence on stderr.
int outcome(const Result<void>& result);

} // namespace bpvs::cli
