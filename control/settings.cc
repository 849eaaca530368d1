#include "control/settings.hh"

#include "control/publish.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace bpvs {
namespace {

template <std::size_t n>
constexpr std::array<SettingInfo, n> by_name(std::array<SettingInfo, n> rows) {
    std::ranges::sort(rows, {}, [](const SettingInfo& s) { return std::string_view(s.name); });
    return rows;
}

const std::array rows = by_name(std::array{
#define X(name, initial, lowest, highest, unit, meaning) \
    SettingInfo{#name, &Settings::name, initial, lowest, highest, unit, meaning, "", ""},
    BPVS_SETTINGS(X)
#undef X
#define X(name, initial, lowest, highest, unit, meaning) \
    SettingInfo{"bpvs." #name, &Settings::name, initial, lowest, highest, unit, meaning, "", ""},
        BPVS_OWN_SETTINGS(X)
#undef X
#define X(name, value, meaning, why) SettingInfo{#name, nullptr, 0, 0, 0, "", meaning, value, why},
            BPVS_FIXED_SETTINGS(X)
#undef X
});

/// Ours have a dot.
bool is_ours(const SettingInfo& s) { return std::string_view(s.name).starts_with("bpvs."); }

constexpr std::string_view blanks = " \t\r\n";

/// The words of a value with one blank between them.
std::string normalised(std::string_view value) {
    std::string words;
    while (true) {
        value.remove_prefix(std::min(value.find_first_not_of(blanks), value.size()));
        if (value.empty())
            return words;
        const std::string_view word = value.substr(0, value.find_first_of(blanks));
        words += words.empty() ? "" : " ";
        words += word;
        value.remove_prefix(word.size());
    }
}

/// Without the part that all of net.ipv4.vs have in common, with a dot in ours.
std::string own_name(std::string_view name) {
    for (const std::string_view tree : {"net.ipv4.vs.", "net/ipv4/vs/"})
        if (name.starts_with(tree))
            return std::string(name.substr(tree.size()));
    return name.starts_with("bpvs/") ? fmt::format("bpvs.{}", name.substr(5)) : std::string(name);
}

/// How many letters must be put in, taken out or replaced to make one of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

Result<u32> number(const SettingInfo& setting, const std::string& text) {
    u32 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value >= setting.lowest && value <= setting.highest)
        return value;
    return fail(Errc::out_of_range, fmt::format("Cannot set {} to \"{}\": it takes a number from {} to {}.",
                                                setting.name, text, setting.lowest, setting.highest));
}

struct Change {
    u32 Settings::* field;
    u32 value;
};

/// Null field: the assignment changes nothing.
Result<Change> change_of(const Assignment& assignment) {
    const auto found = find_setting(assignment.name);
    if (!found)
        return std::unexpected(found.error());
    const SettingInfo& setting = **found;
    const std::string value = normalised(assignment.value);
    if (setting.field) {
        const auto parsed = number(setting, value);
        if (!parsed)
            return std::unexpected(parsed.error());
        return Change{setting.field, *parsed};
    }
    if (value != setting.fixed)
        return fail(Errc::not_supported,
                    fmt::format("Cannot set {} to \"{}\": this is not carried out by this version because {}; "
                                "it stays {}.",
                                setting.name, value, setting.why, setting.fixed));
    return Change{nullptr, 0};
}

} // namespace

std::span<const SettingInfo> settings_known() { return rows; }

Result<const SettingInfo*> find_setting(std::string_view name) {
    const std::string own = own_name(name);
    const auto to_it = [&](const SettingInfo& s) {
        const std::string_view there = s.name;
        const bool cut_short = !own.empty() && own != there && (there.starts_with(own) || there.ends_with("." + own));
        return cut_short ? 1 : distance(own, s.name);
    };
    const auto nearest = std::ranges::min_element(rows, {}, to_it);
    if (own == nearest->name)
        return &*nearest;
    return fail(Errc::unknown_setting,
                fmt::format("There is no setting \"{}\" in net.ipv4.vs; {}", own,
                            to_it(*nearest) <= own.size() / 3 ? fmt::format("did you mean {}?", nearest->name)
                                                              : "`bpvs sysctl` lists those there are."));
}

std::string full_name(const SettingInfo& setting) {
    return is_ours(setting) ? setting.name : fmt::format("net.ipv4.vs.{}", setting.name);
}

std::string value_text(const SettingInfo& setting, const Settings& in_force) {
    return setting.field ? fmt::to_string(in_force.*setting.field) : setting.fixed;
}

Result<void> check_setting(const Assignment& assignment) {
    const auto change = change_of(assignment);
    if (!change)
        return std::unexpected(change.error());
    return {};
}

Result<void> change_settings(Store& store, std::span<const Assignment> assignments) {
    std::vector<Change> changes;
    for (const Assignment& a : assignments) {
        const auto change = change_of(a);
        if (!change)
            return std::unexpected(change.error());
        changes.push_back(*change);
    }
    for (const Change& c : changes)
        if (c.field)
            publish::setting(store, c.field, c.value);
    return {};
}

} // namespace bpvs
