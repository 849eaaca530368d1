#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "cli/bpvs/sysctl_text.hh"
#include "control/open.hh"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <memory>

namespace bpvs::cli {
namespace {

struct Options {
    std::vector<std::string> words;
    std::string file;
    bool write = false, values_only = false, json = false;
};

/// What is to be set, and what is to be shown.
struct Request {
    std::vector<Assignment> assignments;
    std::vector<const SettingInfo*> shown;
};

Result<std::vector<Assignment>> read_file(const std::string& path) {
    if (path == "-")
        return read_assignments(std::cin, "standard input");
    std::ifstream file(path);
    if (!file)
        return fail(Errc::system, fmt::format("Cannot read {}: {}.", path, std::strerror(errno)));
    auto read = read_assignments(file, path);
    if (read && file.bad())
        return fail(Errc::system, fmt::format("Cannot read {}: {}.", path, std::strerror(errno)));
    return read;
}

Result<void> add_word(Request& request, const std::string& word, bool write) {
    const std::size_t equals = word.find('=');
    const auto setting = find_setting(std::string_view(word).substr(0, equals));
    if (!setting)
        return std::unexpected(setting.error());
    if (equals == std::string::npos && write)
        return fail(Errc::out_of_range,
                    fmt::format("Cannot set {}: the value is missing; write {}=VALUE.", word, word));
    if (equals != std::string::npos) {
        Assignment assignment{(*setting)->name, word.substr(equals + 1)};
        if (auto checked = check_setting(assignment); !checked)
            return checked;
        request.assignments.push_back(std::move(assignment));
    }
    request.shown.push_back(*setting);
    return {};
}

Result<Request> request_of(const Options& options) {
    Request request;
    if (!options.file.empty()) {
        auto read = read_file(options.file);
        if (!read)
            return std::unexpected(read.error());
        request.assignments = std::move(*read);
        for (const Assignment& a : request.assignments)
            request.shown.push_back(*find_setting(a.name));
    }
    for (const std::string& word : options.words)
        if (auto added = add_word(request, word, options.write); !added)
            return std::unexpected(added.error());
    if (options.file.empty() && options.words.empty())
        for (const SettingInfo& s : settings_known())
            request.shown.push_back(&s);
    return request;
}

Result<void> carry_out(const Options& options) {
    const auto request = request_of(options);
    if (!request)
        return std::unexpected(request.error());
    const auto opened = open_director(request->assignments.empty() ? Access::read : Access::create);
    if (!opened)
        return std::unexpected(opened.error());
    Store& store = (*opened)->store();
    if (auto changed = change_settings(store, request->assignments); !changed)
        return changed;
    const Settings& in_force = store.config().settings;
    fmt::print("{}", options.json ? settings_json(request->shown, in_force)
                                  : settings_text(request->shown, in_force, options.values_only));
    return {};
}

} // namespace

void add_sysctl(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("sysctl", "Show or change the settings of net.ipv4.vs, as sysctl does");
    command->add_option("NAME[=VALUE]", options->words, "which to show or set; without one: show all");
    command->add_flag("-w,--write", options->write, "every word must set something");
    command->add_flag("-n,--values", options->values_only, "print values without names");
    command
        ->add_option("-p,--load", options->file, "set what a file like those in /etc/sysctl.d says; -: standard input")
        ->type_name("FILE");
    command->add_flag("--json", options->json, "for programs");
    command->callback([options, &status] { status = outcome(carry_out(*options)); });
}

} // namespace bpvs::cli
