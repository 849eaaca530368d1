#include "cli/bpvs/commands.hh"
#include "control/open.hh"

#include <cstdio>
#include <fmt/format.h>

namespace bpvs::cli {

void add_version(CLI::App& app, int& status) {
    app.add_subcommand("version", "Print the version of this program")->callback([&status] {
        fmt::print("bpvs {}\n", bpvs_version());
        status = 0;
    });
}

} // namespace bpvs::cli
