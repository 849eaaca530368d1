// What may stand at the end of a command line: the words that a shell offers when Tab is pressed. Made from the tables
// and from the App that parse the command lines, so that nothing is offered that would be refused.
#pragma once

#include "cli/bpvsadm/options.hh"
#include "control/director.hh"

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bpvs::cli {

struct Candidate {
    std::string word;
    std::string help; ///< may be empty
};

struct Candidates {
    std::vector<Candidate> words;
    bool files = false; ///< names of files, too
};

/// The services that there are; asked only when needed, and none if they cannot be read.
using Services = std::function<std::vector<ServiceView>()>;

/// `words`: the command line up to the cursor without the program's name; the last one is being written, maybe empty.
Candidates bpvsadm_candidates(const std::vector<std::string>& words, const Services& services);
Candidates bpvs_candidates(const CLI::App& app, const std::vector<std::string>& words);

/// The network interfaces of this namespace.
std::vector<Candidate> interface_candidates();

} // namespace bpvs::cli
