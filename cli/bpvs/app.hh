// The command line of bpvs as CLI11 sees it: what parses it, its manual and its completion are made from the same App.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace bpvs::cli {

/// `status`, the exit status, is set by the subcommand that is parsed, and must outlive the App.
std::unique_ptr<CLI::App> make_app(int& status);

} // namespace bpvs::cli
