#include "cli/bpvsadm/options.hh"
#include "cli/manual/manual.hh"

#include <fmt/format.h>

namespace bpvs::cli {
namespace {

/// "Fl A , Fl \-add\-service Ar SERVICE".
std::string spellings(const char* long_name, char short_name, const char* argument) {
    std::string line = ".It";
    if (short_name != 0)
        line += fmt::format(" Fl {}", short_name);
    if (long_name != nullptr)
        line += fmt::format("{} Fl {}", short_name != 0 ? " ," : "", mdoc_text(std::string("-") + long_name));
    if (*argument != '\0')
        line += fmt::format(" Ar {}", mdoc_argument(argument));
    return line + "\n";
}

/// The commands that an option goes with.
std::string goes_with(Opt opt) {
    std::string line;
    for (const CommandRow& row : commands()) {
        const bool speaks = row.verb != Verb::help && row.verb != Verb::version && row.long_name != nullptr;
        if (!speaks || rule(row.verb, opt) == Rule::illegal)
            continue;
        const std::string name =
            row.short_name != 0 ? std::string(1, row.short_name) : mdoc_text(std::string("-") + row.long_name);
        line += fmt::format("{}Fl {}", line.empty() ? "Goes with\n." : " , ", name);
    }
    return line.empty() ? "" : line + " .\n";
}

} // namespace

std::string bpvsadm_commands() {
    std::string text = ".Bl -tag -width Ds\n";
    for (const CommandRow& row : commands())
        if (row.help != nullptr)
            text += spellings(row.long_name, row.short_name, row.operands) + mdoc_sentence(row.help);
    return text + ".El\n";
}

std::string bpvsadm_options() {
    std::string text = ".Bl -tag -width Ds\n";
    for (const OptionRow& row : options()) {
        text += spellings(row.long_name, row.short_name, row.argument) + mdoc_sentence(row.help);
        if (row.opt < Opt::count)
            text += goes_with(row.opt);
    }
    return text + ".El\n";
}

} // namespace bpvs::cli
