// The subcommands of bpvs, one file each.
#pragma once

#include <CLI/CLI.hpp>

namespace bpvs::cli {

/// Each adds its subcommand; a callback prints and sets `status`, the exit status.
void add_up(CLI::App& app, int& status);
void add_down(CLI::App& app, int& status);
void add_status(CLI::App& app, int& status);
void add_attach(CLI::App& app, int& status);
void add_detach(CLI::App& app, int& status);
void add_mark(CLI::App& app, int& status);
void add_diff(CLI::App& app, int& status);
void add_apply(CLI::App& app, int& status);
void add_sysctl(CLI::App& app, int& status);
void add_version(CLI::App& app, int& status);

} // namespace bpvs::cli
