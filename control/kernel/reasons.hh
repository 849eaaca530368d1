// The map `reasons`, as user space sees it: what all CPUs counted together.
#pragma once

#include "core/model/reasons.hh"

#include <optional>
#include <vector>

namespace bpvs::kernel {

/// Packets by Reason, from the element `first` on: 0, or reasons_at_xdp. nullopt: errno says why.
std::optional<std::vector<u64>> read_reasons(int map, u32 first);

} // namespace bpvs::kernel
