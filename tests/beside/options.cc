// bpvsadm-options: the tables of bpvsadm's command line, as tab-separated lines for the tests that visit every cell.
//
//   command VERB LONG SHORT TAKES        option OPT LONG SHORT TAKES CHOICE        rule VERB OPT RULE
//
// TAKES: 0 nothing, 1 an argument, 2 perhaps one. "-": it has no such spelling.
#include "cli/bpvsadm/options.hh"

#include <fmt/format.h>
#include <string>

namespace {
using namespace bpvs::cli;

std::string text(const char* long_name) { return long_name == nullptr ? "-" : long_name; }
std::string text(char short_name) { return {short_name == 0 ? '-' : short_name}; }
std::string name(Opt opt) { return opt < Opt::count ? std::string(name_of(opt)) : opt == Opt::ipv6 ? "ipv6" : "sort"; }

} // namespace

int main() {
    for (const CommandRow& row : commands())
        fmt::print("command\t{}\t{}\t{}\t{}\n", name_of(row.verb), text(row.long_name), text(row.short_name),
                   static_cast<int>(row.takes));
    for (const OptionRow& row : options())
        fmt::print("option\t{}\t{}\t{}\t{}\t{}\n", name(row.opt), text(row.long_name), text(row.short_name),
                   static_cast<int>(row.takes), row.choice);
    for (int verb = 0; verb <= static_cast<int>(Verb::version); ++verb)
        for (std::size_t opt = 0; opt < opt_count; ++opt)
            fmt::print("rule\t{}\t{}\t{}\n", name_of(static_cast<Verb>(verb)), name_of(static_cast<Opt>(opt)),
                       static_cast<char>(rule(static_cast<Verb>(verb), static_cast<Opt>(opt))));
}
