// `bpvs complete`: what the completion scripts of the shells ask.
#pragma once

#include <string>
#include <vector>

namespace bpvs::cli {

/// `line`: a command line of bpvs, bpvsadm or ipvsadm up to the cursor, one word each, the last being written. Prints a
/// candidate a line, a tab before its explanation; the line ":files" stands for names of files. Never fails: whoever
/// may not read the services gets the words that need none.
int complete(const std::vector<std::string>& line);

} // namespace bpvs::cli
