// The maps of a director, whatever there are: those that are pinned, and those that its programs use.
#pragma once

#include "control/error.hh"
#include "control/kernel/fd.hh"
#include "core/model/types.hh"

#include <map>
#include <string>
#include <vector>

namespace bpvs::support {

/// The bytes of keys and values, by the name of the map: all that is not zero.
using Contents = std::map<std::string, std::map<std::string, std::string>>;

struct Map {
    kernel::Fd fd;
    std::string name;
    u32 id = 0, type = 0, flags = 0, entries = 0;
    std::size_t key = 0, value = 0; ///< bytes; of all CPUs, if each has a value of its own
};

/// All maps of the director in `directory` but those that no program writes.
Result<std::vector<Map>> maps_of(const std::string& directory);

/// Nothing is left in it but zeroes. Fails for a kind of map that it does not know.
Result<void> clear(const Map& map);
/// Its elements. Fails likewise.
Result<std::map<std::string, std::string>> elements_of(const Map& map);

} // namespace bpvs::support
