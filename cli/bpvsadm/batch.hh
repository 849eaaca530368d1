// Lines of commands that belong together: the input of -R, the files of bpvs diff and bpvs apply.
#pragma once

#include "cli/bpvsadm/execute.hh"
#include "control/draft.hh"

#include <string>
#include <vector>

namespace bpvs::cli {

/// What the lines may be.
enum class Lines {
    commands, ///< any command that changes the table
    table,    ///< -A and -a: what -S prints
};

struct Staged {
    int exit = exit_ok;             ///< of the first wrong line
    std::vector<std::string> zeros; ///< the -Z lines
};

/// Carries the lines of `in` out on a draft. Every line is looked at, and the first twenty that are wrong are reported
/// with their numbers; what only follows from a service that could not be added is not. Blank lines and those that
/// begin with # are passed over. exit_ok: the draft holds them all.
Staged stage_lines(const char* program, std::FILE* in, Draft& draft, Lines lines, const Streams& streams);

/// One line of input: its words, without a leading "ipvsadm" or "bpvsadm".
std::vector<std::string> words_of(std::string_view line);
Parsed<Command> parse_words(const char* program, const std::vector<std::string>& words);

class LineReader {
public:
    explicit LineReader(std::FILE* in) : in_(in) {}
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;
    /// False: the end, or an error of the stream.
    bool next(std::string_view& line);

private:
    std::FILE* in_;
    char* buffer_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace bpvs::cli
