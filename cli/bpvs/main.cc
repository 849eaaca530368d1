// bpvs: the director itself (bpvsadm edits its table).
#include "cli/bpvs/app.hh"
#include "cli/bpvs/complete.hh"

#include <cstdio>
#include <string_view>

namespace {

/// A first word that is not the name of a command: CLI11 would only miss one.
bool names_no_command(const CLI::App& app, std::string_view word) {
    return !word.starts_with('-') &&
           app.get_subcommands([&](const CLI::App* command) { return command->get_name() == word; }).empty();
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "complete")
        return bpvs::cli::complete({argv + 2, argv + argc});
    int status = 0;
    const auto app = bpvs::cli::make_app(status);
    if (argc > 1 && names_no_command(*app, argv[1])) {
        std::fprintf(stderr, "bpvs: There is no command \"%s\"; bpvs --help shows those that there are.\n", argv[1]);
        return 1;
    }
    try {
        app->parse(argc, argv);
    } catch (const CLI::Success& asked_for_help) {
        return app->exit(asked_for_help);
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
