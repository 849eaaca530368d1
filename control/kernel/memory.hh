// Memory: how much the kernel holds for a director's tables.
#pragma once

#include "core/model/types.hh"

#include <string>

namespace bpvs::kernel {

/// Bytes of all tables pinned in `directory`, as the kernel counts them.
u64 memory_of_tables(const std::string& directory);

} // namespace bpvs::kernel
