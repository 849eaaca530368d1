// -R: every line is a command line, with or without the program's name in front.
#include "cli/bpvsadm/execute.hh"
#include "cli/bpvsadm/parse.hh"

#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <sstream>
#include <vector>

namespace bpvs::cli {
namespace {

bool read_line(std::FILE* in, std::string& line) {
    char* buffer = nullptr;
    std::size_t size = 0;
    const ssize_t length = getline(&buffer, &size, in);
    if (length >= 0)
        line.assign(buffer, static_cast<std::size_t>(length));
    std::free(buffer);
    return length >= 0;
}

/// Words are separated by blanks; there is no quoting.
std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(std::move(word));
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

} // namespace

int restore(const char* program, Director& director, const Streams& streams) {
    int status = exit_ok;
    for (std::string line; read_line(streams.in, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.empty())
            continue;
        const auto command = parse_words(program, words);
        if (!command)
            return report(command.error(), streams);
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
