// Rules that mark packets, as users write and read them.
#pragma once

#include "control/error.hh"
#include "core/model/mark.hh"

#include <span>
#include <string>

namespace bpvs::cli {

/// What was written after the options of `bpvs mark add` and `bpvs mark del`; empty: the option was not there.
struct MarkWords {
    std::string protocol, destination, ports, mark;
    bool v6 = false;
};

/// One sentence says what is wrong and what would be right.
Result<MarkRule> parse_mark_rule(const MarkWords& words);
/// A rule's number in the list, from 1.
Result<u32> parse_mark_number(const std::string& text);

/// The list as a table, as JSON, and as the commands that make it.
std::string marks_text(std::span<const MarkRule> rules);
std::string marks_json(std::span<const MarkRule> rules);
std::string marks_commands(std::span<const MarkRule> rules);

} // namespace bpvs::cli
