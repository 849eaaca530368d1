// -R and --replace: the lines of standard input as one change. --ipvs-restore: line by line, as ipvsadm's -R.
#include "cli/bpvsadm/batch.hh"
#include "cli/bpvsadm/difference.hh"

#include <fmt/format.h>

namespace bpvs::cli {

int show_effect(Director& director, const Draft& draft, const std::vector<std::string>& zeros, const Streams& streams) {
    auto before = director.list();
    auto after = draft.preview();
    if (!before || !after)
        return report(failure_of(Verb::restore, before ? after.error() : before.error()), streams);
    Output out(streams.out);
    put_difference(out, std::move(*before), std::move(*after));
    if (draft.timeouts())
        put_difference(out, director.timeouts(), *draft.timeouts());
    for (const std::string& line : zeros)
        fmt::format_to(to(out.buffer()), "+ {}\n", line);
    return exit_ok;
}

int restore(const char* program, const Command& command, Director& director, const Streams& streams) {
    auto draft = director.draft();
    if (!draft)
        return report(failure_of(command.verb, draft.error()), streams);
    if (command.verb == Verb::replace)
        if (auto ok = (*draft)->flush(); !ok)
            return report(failure_of(command.verb, ok.error()), streams);
    const Staged staged = stage_lines(program, streams.in, **draft, Lines::commands, streams);
    if (staged.exit != exit_ok)
        return staged.exit;
    if (command.has(Opt::dry_run))
        return show_effect(director, **draft, staged.zeros, streams);
    if (auto done = director.commit(**draft); !done)
        return report(failure_of(command.verb, done.error()), streams);
    return exit_ok;
}

int restore_line_by_line(const char* program, Director& director, const Streams& streams) {
    int status = exit_ok;
    LineReader reader(streams.in);
    for (std::string_view line; reader.next(line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.empty())
            continue;
        const auto command = parse_words(program, words);
        if (!command) {
            status = report(command.error(), streams);
            // ipvsadm goes on after an option that it cannot read, and ends at any other wrong line.
            if (status == exit_refused && !command.error().message.starts_with("Try `"))
                continue;
            return status;
        }
        if (command->verb == Verb::help || command->verb == Verb::version) {
            fmt::print(streams.out, "{}", command->verb == Verb::help ? help_text(program) : version_text());
            return exit_ok;
        }
        status = execute(*command, director, streams);
        if (status == exit_no_such_service)
            return status;
    }
    return status;
}

} // namespace bpvs::cli
