#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "control/open.hh"

namespace bpvs::cli {

void add_down(CLI::App& app, int& status) {
    app.add_subcommand("down", "Take the director down: detach, forget services and connections")->callback([&status] {
        status = outcome(director_down());
    });
}

} // namespace bpvs::cli
