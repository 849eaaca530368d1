// From words to a Command, with ipvsadm's rules, order of checks and messages.
#pragma once

#include "cli/bpvsadm/command.hh"

namespace bpvs::cli {

/// `argv[0]` is the name the program was called by. Without a command it is -L.
/// `from_restore`: a line of -R, where -R itself is not a command.
Parsed<Command> parse(int argc, const char** argv, bool from_restore = false);

} // namespace bpvs::cli
