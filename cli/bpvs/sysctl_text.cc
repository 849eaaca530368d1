#include "cli/bpvs/sysctl_text.hh"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <istream>
#include <nlohmann/json.hpp>

namespace bpvs::cli {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool of_another_tree(std::string_view name) {
    if (name.find_first_of("./") == std::string_view::npos)
        return false;
    return std::ranges::none_of(std::array{"net.ipv4.vs.", "net/ipv4/vs/", "bpvs.", "bpvs/"},
                                [&](const char* tree) { return name.starts_with(tree); });
}

} // namespace

Result<std::vector<Assignment>> read_assignments(std::istream& in, const std::string& file) {
    std::vector<Assignment> assignments;
    std::string text;
    for (int number = 1; std::getline(in, text); ++number) {
        std::string_view line = trimmed(text);
        const bool may_be_wrong = line.starts_with('-');
        line.remove_prefix(may_be_wrong ? 1 : 0);
        if (line.empty() || line.starts_with('#') || line.starts_with(';'))
            continue;
        const std::size_t equals = line.find('=');
        const std::string_view name = trimmed(line.substr(0, equals));
        if (of_another_tree(name))
            continue;
        auto checked = Result<void>(fail(Errc::unknown_setting, fmt::format("\"{}\" is not NAME = VALUE.", line)));
        Assignment assignment{std::string(name), {}};
        if (equals != std::string_view::npos) {
            assignment.value = line.substr(equals + 1);
            checked = check_setting(assignment);
        }
        if (checked)
            assignments.push_back(std::move(assignment));
        else if (!may_be_wrong)
            return fail(checked.error().code, fmt::format("{}:{}: {}", file, number, checked.error().message));
    }
    return assignments;
}

std::string settings_text(const std::vector<const SettingInfo*>& which, const Settings& in_force, bool values_only) {
    std::string text;
    for (const SettingInfo* s : which) {
        if (!values_only)
            text += full_name(*s) + " = ";
        text += value_text(*s, in_force) + "\n";
    }
    return text;
}

std::string settings_json(const std::vector<const SettingInfo*>& which, const Settings& in_force) {
    using nlohmann::ordered_json;
    const auto if_any = [](bool any, auto value) { return any ? ordered_json(value) : ordered_json(nullptr); };
    ordered_json rows = ordered_json::array();
    for (const SettingInfo* s : which) {
        const bool live = s->field != nullptr;
        rows.push_back({{"name", s->name},
                        {"value", value_text(*s, in_force)},
                        {"default", value_text(*s, default_settings)},
                        {"takes_effect", live},
                        {"lowest", if_any(live, s->lowest)},
                        {"highest", if_any(live, s->highest)},
                        {"meaning", s->meaning},
                        {"no_other_because", if_any(!live, s->why)}});
    }
    return ordered_json{{"version", 1}, {"settings", std::move(rows)}}.dump(2) + "\n";
}

} // namespace bpvs::cli
