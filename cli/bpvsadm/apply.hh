// A table in a file, as -S prints it, beside the director's.
#pragma once

#include "cli/bpvsadm/execute.hh"

namespace bpvs::cli {

/// Prints what has to change for the director to have the table in `in`. Exit status as diff(1): 0 equal, 1 different,
/// 2 trouble.
int diff_table(std::FILE* in, Director& director, const Streams& streams);

/// Makes the director's table equal to the one in `in`, in one switch, and prints what that changed; with `dry_run`
/// what it would change. What is in both is not touched. 0, or 2: nothing was changed.
int apply_table(std::FILE* in, Director& director, bool dry_run, const Streams& streams);

} // namespace bpvs::cli
