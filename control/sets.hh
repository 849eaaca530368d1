// A service's block in `words`: its destinations, then its scheduler's table. See core/model/service.hh.
#pragma once

#include "control/error.hh"
#include "control/rotation.hh"
#include "control/store.hh"
#include "core/model/service.hh"

#include <span>
#include <vector>

namespace bpvs {

/// Newest server first. system: what the service points to cannot be a list of destinations.
Result<std::vector<SetEntry>> read_entries(Store& store, const Service& service);

struct Block {
    Service service{}; ///< with everything but set_offset, cursor_base
    std::vector<u32> words;
};

/// no_room, not_supported. `max_words`: capacity of the table.
Result<Block> build_block(Service service, Entries entries, std::span<const Dest> dests, const Turn& turn,
                          u32 max_words);

} // namespace bpvs
