// bpvs: the director itself (bpvsadm edits its table).
#include "cli/bpvs/commands.hh"

#include <cstdio>

int main(int argc, char** argv) {
    CLI::App app("The director of this network namespace; its services are edited with bpvsadm.", "bpvs");
    app.require_subcommand(1);
    int status = 0;
    for (const auto add : {bpvs::cli::add_up, bpvs::cli::add_down, bpvs::cli::add_status, bpvs::cli::add_attach,
                           bpvs::cli::add_detach, bpvs::cli::add_mark, bpvs::cli::add_version})
        add(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked_for_help) {
        return app.exit(asked_for_help);
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "bpvs: %s; bpvs --help shows the commands.\n", error.what());
        return 1;
    }
    if (std::fflush(stdout) != 0) {
        std::perror("bpvs: Cannot write the output");
        return 1;
    }
    return status;
}
