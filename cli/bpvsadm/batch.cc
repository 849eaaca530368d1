#include "cli/bpvsadm/batch.hh"

#include "cli/bpvsadm/list.hh"
#include "cli/bpvsadm/parse.hh"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

namespace bpvs::cli {
namespace {

constexpr int shown_errors = 20;
constexpr std::size_t shown_of_a_line = 120;

bool blank(char c) { return std::strchr(" \t\n\v\f\r", c) != nullptr; }

/// Goes through the lines, and tells what is wrong with them.
class Stager {
public:
    Stager(const char* program, Draft& draft, Lines lines, const Streams& streams)
        : program_(program), draft_(draft), lines_(lines), streams_(streams) {}

    Staged run(std::FILE* in) {
        LineReader reader(in);
        for (std::string_view line; reader.next(line);) {
            ++number_;
            stage(line);
        }
        if (std::ferror(in) != 0)
            staged_.exit = report(
                {exit_refused, fmt::format("bpvsadm: Cannot read line {}: {}.", number_ + 1, std::strerror(errno))},
                streams_);
        if (wrong_ > 0)
            report({0, fmt::format("bpvsadm: {} of {} lines {} wrong{}; nothing was changed.", wrong_, number_,
                                   wrong_ == 1 ? "is" : "are",
                                   wrong_ > shown_errors ? fmt::format(", the first {} are shown", shown_errors) : "")},
                   streams_);
        return std::move(staged_);
    }

private:
    void stage(std::string_view line) {
        const std::vector<std::string> words = words_of(line);
        if (words.empty() || words.front().starts_with('#'))
            return;
        const auto command = parse_words(program_, words);
        if (!command)
            return complain(line, command.error());
        if (const char* why = misplaced(command->verb))
            return complain(line, {exit_usage, why});
        const ServiceName& name = command->service.name;
        if (auto done = change(*command, draft_); !done) {
            const bool known = std::ranges::find(missing_, name) != missing_.end();
            if (command->verb == Verb::add_service)
                missing_.push_back(name);
            if (!known || done.error().code != Errc::no_service)
                complain(line, failure_of(command->verb, done.error()));
        } else if (command->verb == Verb::zero) {
            staged_.zeros.push_back(command->has(Opt::service) ? "-Z " + service_option(name, {}) : "-Z");
        }
    }

    const char* misplaced(Verb verb) const {
        if (lines_ == Lines::table && verb != Verb::add_service && verb != Verb::add_server)
            return "a table is made of -A and -a lines";
        switch (verb) {
        case Verb::list:
        case Verb::save:
            return "a listing has no place among changes that are made together; --ipvs-restore goes line by line";
        case Verb::start_daemon:
        case Verb::stop_daemon:
            return "daemons are not part of the table";
        case Verb::help:
        case Verb::version:
            return "this changes nothing";
        default:
            return nullptr;
        }
    }

    void complain(std::string_view line, const Failure& failure) {
        if (staged_.exit == exit_ok)
            staged_.exit = failure.exit;
        if (++wrong_ > shown_errors)
            return;
        while (!line.empty() && blank(line.back()))
            line.remove_suffix(1);
        std::string why = failure.message;
        if (why.starts_with("Try `"))
            why = "does not begin with a command, such as -A or -a";
        if (why.starts_with("bpvsadm: "))
            why.erase(0, std::strlen("bpvsadm: "));
        while (!why.empty() && (blank(why.back()) || why.back() == '.'))
            why.pop_back();
        report({0, fmt::format("line {}: {}: {}{}", number_, why, line.substr(0, shown_of_a_line),
                               line.size() > shown_of_a_line ? "…" : "")},
               streams_);
    }

    const char* program_;
    Draft& draft_;
    Lines lines_;
    const Streams& streams_;
    Staged staged_;
    u64 number_ = 0;
    u64 wrong_ = 0;
    std::vector<ServiceName> missing_; ///< services that could not be added
};

} // namespace

LineReader::~LineReader() { std::free(buffer_); }

bool LineReader::next(std::string_view& line) {
    const ssize_t length = getline(&buffer_, &size_, in_);
    if (length >= 0)
        line = {buffer_, static_cast<std::size_t>(length)};
    return length >= 0;
}

/// Words are separated by blanks; there is no quoting.
std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < line.size();) {
        const auto begin = std::find_if_not(line.begin() + static_cast<std::ptrdiff_t>(i), line.end(), blank);
        const auto end = std::find_if(begin, line.end(), blank);
        if (begin != end)
            words.emplace_back(begin, end);
        i = static_cast<std::size_t>(end - line.begin());
    }
    if (!words.empty() && (words.front() == "ipvsadm" || words.front() == "bpvsadm"))
        words.erase(words.begin());
    return words;
}

Parsed<Command> parse_words(const char* program, const std::vector<std::string>& words) {
    std::vector<const char*> argv{program};
    for (const std::string& word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    return parse(static_cast<int>(argv.size()) - 1, argv.data(), true);
}

Staged stage_lines(const char* program, std::FILE* in, Draft& draft, Lines lines, const Streams& streams) {
    return Stager(program, draft, lines, streams).run(in);
}

} // namespace bpvs::cli
