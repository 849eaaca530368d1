// bpvs diff and bpvs apply: a file with a table, as bpvsadm -S prints it, beside the director's.
#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "cli/bpvsadm/apply.hh"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <memory>

namespace bpvs::cli {
namespace {

constexpr int trouble = 2;

struct CloseFile {
    void operator()(std::FILE* f) const { std::fclose(f); }
};

using Work = std::function<int(std::FILE*, Director&, const Streams&)>;

int with_file(const std::string& name, Access access, const Work& work) {
    const std::unique_ptr<std::FILE, CloseFile> file(name == "-" ? nullptr : std::fopen(name.c_str(), "re"));
    if (!file && name != "-") {
        fmt::print(stderr, "bpvs: Cannot read {}: {}.\n", name, std::strerror(errno));
        return trouble;
    }
    const auto opened = open_director(access);
    if (!opened) {
        outcome(std::unexpected(opened.error()));
        return trouble;
    }
    return work(file ? file.get() : stdin, (*opened)->director(), {stdin, stdout, stderr});
}

CLI::App* table_command(CLI::App& app, const char* name, const char* help, std::string& file) {
    CLI::App* command = app.add_subcommand(name, help);
    command
        ->add_option("file", file, "-A and -a lines, as bpvsadm -S prints them; # begins a comment; -: standard input")
        ->required();
    return command;
}

} // namespace

void add_diff(CLI::App& app, int& status) {
    auto file = std::make_shared<std::string>();
    CLI::App* diff =
        table_command(app, "diff", "Print what the director's table lacks (+) and has too much (-)", *file);
    diff->callback([file, &status] { status = with_file(*file, Access::change, diff_table); });
}

void add_apply(CLI::App& app, int& status) {
    struct Options {
        std::string file;
        bool dry_run = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* apply = table_command(
        app, "apply", "Make the director's table equal to a file, touching only what differs", options->file);
    apply->add_flag("--dry-run", options->dry_run, "print what would change, and change nothing");
    apply->callback([options, &status] {
        status = with_file(options->file, options->dry_run ? Access::change : Access::create,
                           [&](std::FILE* in, Director& director, const Streams& streams) {
                               return apply_table(in, director, options->dry_run, streams);
                           });
    });
}

} // namespace bpvs::cli
