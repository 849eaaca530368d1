#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "control/open.hh"

#include <memory>

namespace bpvs::cli {

void add_detach(CLI::App& app, int& status) {
    auto interface = std::make_shared<std::string>();
    CLI::App* detach = app.add_subcommand("detach", "Detach the director from an interface");
    detach->add_option("interface", *interface, "its name")->required();
    detach->callback([interface, &status] { status = outcome(director_detach(*interface)); });
}

} // namespace bpvs::cli
