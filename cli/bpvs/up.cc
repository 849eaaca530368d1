#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "control/open.hh"

#include <memory>

namespace bpvs::cli {

void add_up(CLI::App& app, int& status) {
    auto options = std::make_shared<UpOptions>();
    CLI::App* up = app.add_subcommand("up", "Bring the director of this network namespace up");
    up->add_option("interface", options->interfaces,
                   "where to attach; without one: every Ethernet interface that is up");
    up->add_option("--connections", options->connections,
                   "how many connections to reserve room for; without it: by the machine's memory")
        ->check(CLI::Range(1u, 0x7fffffffu));
    up->add_option("--services", options->services, "how many services to reserve room for; the same")
        ->check(CLI::Range(1u, 0xffffffu));
    up->add_option("--servers", options->servers, "how many servers, over all services; the same")
        ->check(CLI::Range(1u, 0xffffffu));
    up->callback([options, &status] { status = outcome(director_up(*options)); });
}

} // namespace bpvs::cli
