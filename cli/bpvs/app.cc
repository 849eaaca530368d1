#include "cli/bpvs/app.hh"

#include "cli/bpvs/commands.hh"

namespace bpvs::cli {

std::unique_ptr<CLI::App> make_app(int& status) {
    auto app = std::make_unique<CLI::App>(
        "The director of this network namespace; its services are edited with bpvsadm.", "bpvs");
    app->require_subcommand(1);
    for (const auto add :
         {add_up, add_down, add_status, add_attach, add_detach, add_mark, add_diff, add_apply, add_sysctl, add_version})
        add(*app, status);
    return app;
}

} // namespace bpvs::cli
