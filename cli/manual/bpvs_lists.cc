#include "cli/manual/manual.hh"

#include <fmt/format.h>

namespace bpvs::cli {
namespace {

/// How an option's argument is called: the type's name without what a check added to it.
std::string argument_of(const CLI::Option& o) {
    if (o.get_items_expected_max() == 0)
        return "";
    std::string type = o.get_type_name();
    type.erase(std::min(type.find_first_of(": "), type.size()));
    return fmt::format(" Ar {}", mdoc_argument(type.empty() ? "VALUE" : type));
}

std::string operands_of(const CLI::App& app) {
    std::string line;
    for (const CLI::Option* o : app.get_options([](const CLI::Option* all) { return all->get_positional(); })) {
        const std::string dots = o->get_items_expected_max() > 1 ? " ..." : "";
        const std::string name = fmt::format("Ar {}{}", mdoc_argument(o->get_name(true)), dots);
        line += o->get_required() ? " " + name : fmt::format(" Op {}", name);
    }
    return line;
}

std::string option_item(const CLI::Option& o) {
    std::string line = ".It";
    if (o.get_positional()) {
        line += fmt::format(" Ar {}", mdoc_argument(o.get_name(true)));
    } else {
        const char* comma = "";
        for (const std::string& name : o.get_snames()) {
            line += fmt::format("{} Fl {}", comma, mdoc_text(name));
            comma = " ,";
        }
        for (const std::string& name : o.get_lnames()) {
            line += fmt::format("{} Fl {}", comma, mdoc_text("-" + name));
            comma = " ,";
        }
        line += argument_of(o);
    }
    return line + "\n" + mdoc_sentence(o.get_description());
}

void put_command(std::string& text, const CLI::App& app, const std::string& above) {
    const std::string path = above + app.get_name();
    text += fmt::format(".It Cm {}{}\n{}", mdoc_argument(path), operands_of(app), mdoc_sentence(app.get_description()));
    std::string items;
    for (const CLI::Option* o : app.get_options())
        if (o != app.get_help_ptr())
            items += option_item(*o);
    if (!items.empty())
        text += fmt::format(".Bl -tag -width Ds\n{}.El\n", items);
    for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
        put_command(text, *below, path + " ");
}

} // namespace

std::string bpvs_commands(const CLI::App& app) {
    std::string text = ".Bl -tag -width Ds\n";
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        put_command(text, *command, "");
    return text + ".El\n";
}

} // namespace bpvs::cli
