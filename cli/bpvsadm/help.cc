// The help text, made from the tables that the parser reads.
#include "cli/bpvsadm/execute.hh"

#include <fmt/format.h>
#include <tuple>

namespace bpvs::cli {
namespace {

std::string spelling(const char* long_name, char short_name, const char* operand) {
    std::string text = short_name != 0 ? fmt::format("-{}, ", short_name) : "    ";
    return text + fmt::format("--{} {}", long_name, operand);
}

/// The commands that an option goes with, by their short names where they have one.
std::string goes_with(Opt opt) {
    if (opt >= Opt::count)
        return "";
    std::string text;
    for (const CommandRow& row : commands()) {
        const bool speaks = row.verb != Verb::help && row.verb != Verb::version && row.long_name != nullptr;
        if (!speaks || rule(row.verb, opt) == Rule::illegal)
            continue;
        text += text.empty() ? "" : " ";
        text += row.short_name != 0 ? fmt::format("-{}", row.short_name) : fmt::format("--{}", row.long_name);
    }
    return fmt::format("  [{}]", text);
}

} // namespace

std::string version_text() {
    return fmt::format("bpvsadm v{} (takes the command lines of ipvsadm v1.31)\n", BPVS_VERSION);
}

std::string help_text(const char* program) {
    std::string text = version_text();
    text += fmt::format("Usage: {} COMMAND [OPTIONS]; without a command: -L\n\nCommands:\n", program);
    for (const CommandRow& row : commands())
        if (row.help != nullptr)
            text += fmt::format("  {:<52} {}\n", spelling(row.long_name, row.short_name, row.operands), row.help);
    text += "\nOptions [commands they go with]:\n";
    for (const OptionRow& row : options())
        text += fmt::format("  {:<36} {}{}\n", spelling(row.long_name, row.short_name, row.argument), row.help,
                            goes_with(row.opt));
    text += "\nThis version balances TCP, UDP and SCTP by NAT (-m);\n"
            "it refuses, with one sentence, what it does not carry out yet.\n";
    return text;
}

} // namespace bpvs::cli
