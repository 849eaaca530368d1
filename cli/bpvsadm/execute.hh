// Carrying a Command out.
#pragma once

#include "cli/bpvsadm/command.hh"
#include "control/open.hh"

#include <cstdio>
#include <functional>
#include <memory>

namespace bpvs::cli {

struct Streams {
    std::FILE* in;
    std::FILE* out;
    std::FILE* err;
};

/// How a command gets at the director: open_director() in the program.
using Opener = std::function<Result<std::unique_ptr<OpenDirector>>(Access)>;

/// The whole program: parses `argv`, opens the director as the command needs it, prints, and returns the exit status.
int run(int argc, const char** argv, const Streams& streams, const Opener& open);

/// One command on an open director; not -R.
int execute(const Command& command, Director& director, const Streams& streams);

/// A command that changes the table.
Result<void> change(const Command& command, Changes& table);

/// -R, --replace: the lines of streams.in as one change, or none of them.
int restore(const char* program, const Command& command, Director& director, const Streams& streams);

/// --ipvs-restore: line by line, goes on after a refused change and stops at a wrong line.
int restore_line_by_line(const char* program, Director& director, const Streams& streams);

/// --dry-run: what committing `draft` would change. `zeros`: the -Z commands in it.
int show_effect(Director& director, const Draft& draft, const std::vector<std::string>& zeros, const Streams& streams);

/// ipvsadm's words for what went wrong; anything else is a sentence of the library's.
Failure failure_of(Verb verb, const Error& error);

/// Prints a failure on stderr and returns its exit status.
int report(const Failure& failure, const Streams& streams);

std::string help_text(const char* program);
std::string version_text();

} // namespace bpvs::cli
