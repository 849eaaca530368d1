#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "cli/bpvs/status_text.hh"

#include <cstdio>
#include <fmt/format.h>
#include <memory>

namespace bpvs::cli {

void add_status(CLI::App& app, int& status) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command =
        app.add_subcommand("status", "Show whether the director is up, where, and what became of packets");
    command->add_flag("--json", *json, "for programs");
    command->callback([json, &status] {
        const auto seen = director_status();
        if (!seen) {
            status = outcome(std::unexpected(seen.error()));
            return;
        }
        fmt::print("{}", *json ? status_json(*seen) : status_text(*seen));
    });
}

} // namespace bpvs::cli
