// From a list of rules that mark packets to what the packet program looks up.
#pragma once

#include "control/error.hh"
#include "core/model/mark.hh"

#include <span>
#include <utility>
#include <vector>

namespace bpvs {

struct CompiledMarks {
    std::vector<std::pair<MarkPrefix, MarkRange>> prefixes; ///< no two keys alike
    std::vector<MarkPorts> ports;
};

/// For every packet, the longest prefix that holds its destination and in its range the element that holds its
/// port say what the last matching rule of the list says; where none matches there is no such element.
/// Offsets of ranges count from the beginning of `ports`; keys carry `generation`.
/// no_room: more than max_mark_ports elements would be needed.
Result<CompiledMarks> compile_marks(std::span<const MarkRule> rules, u32 generation);

} // namespace bpvs
