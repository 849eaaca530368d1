// Programs that tests run and wait for: without a shell, and in user-mode Linux without being loaded each time.
#pragma once

#include <string>
#include <vector>

namespace bpvs::scenario {

struct Ran {
    int status;         ///< as of a shell: above 128, a signal ended it
    std::string output; ///< standard output and error
};

/// In the network namespace of the calling thread, with `input` on its standard input. Throws Unavailable.
Ran run_program(const std::vector<std::string>& words, const std::string& input = "");

/// run_program() makes this program go on from just before its main(), in a fork (tests/oracle/loaded_once.cc), here
/// and in the processes that are forked from now on; they must not change its environment. Worth it where exec() is
/// dear.
void load_once(const std::string& program);

} // namespace bpvs::scenario
