#include "cli/bpvs/complete.hh"

#include "cli/bpvs/app.hh"
#include "cli/complete/candidates.hh"
#include "control/open.hh"

#include <fmt/format.h>

namespace bpvs::cli {
namespace {

std::vector<ServiceView> services() {
    const auto opened = open_director(Access::read);
    if (!opened)
        return {};
    return (*opened)->director().list().value_or(std::vector<ServiceView>{});
}

} // namespace

int complete(const std::vector<std::string>& line) {
    if (line.empty())
        return 0;
    const std::string program = line.front().substr(line.front().rfind('/') + 1);
    const std::vector<std::string> words(line.begin() + 1, line.end());
    int unused = 0;
    const Candidates found =
        program == "bpvs" ? bpvs_candidates(*make_app(unused), words) : bpvsadm_candidates(words, services);
    if (found.files)
        fmt::print(":files\n");
    for (const Candidate& c : found.words)
        fmt::print("{}\t{}\n", c.word, c.help);
    return 0;
}

} // namespace bpvs::cli
