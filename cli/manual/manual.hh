// The manual pages: prose from docs/man/*.in, in mdoc(7), and between it what is made from the tables that parse the
// command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace bpvs::cli {

/// `text` as running text of a page.
std::string mdoc_text(std::string_view text);
/// `text` as a sentence in lines of its own, none of them long.
std::string mdoc_sentence(std::string_view text);
/// `text` as the argument of a macro: blanks and the names of macros in it have no meaning.
std::string mdoc_argument(std::string_view text);

/// The lists of bpvsadm's commands and options.
std::string bpvsadm_commands();
std::string bpvsadm_options();

/// The list of bpvs's subcommands with their options.
std::string bpvs_commands(const CLI::App& app);

} // namespace bpvs::cli
