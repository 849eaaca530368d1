#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "control/open.hh"

#include <memory>

namespace bpvs::cli {

void add_attach(CLI::App& app, int& status) {
    auto interface = std::make_shared<std::string>();
    CLI::App* attach = app.add_subcommand("attach", "Attach the director to one more interface");
    attach->add_option("interface", *interface, "its name")->required();
    attach->callback([interface, &status] { status = outcome(director_attach(*interface)); });
}

} // namespace bpvs::cli
