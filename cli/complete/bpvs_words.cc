#include "cli/complete/candidates.hh"
#include "control/settings.hh"

#include <algorithm>
#include <ranges>

namespace bpvs::cli {
namespace {

/// How far a command line of bpvs has been understood.
struct Place {
    const CLI::App* app = nullptr;
    const CLI::Option* pending = nullptr; ///< takes the next word as its argument
    std::size_t operands = 0;
};

const CLI::Option* option_by(const CLI::App& app, const std::string& word) {
    const auto all = app.get_options([&](const CLI::Option* o) { return o->check_name(word); });
    return all.empty() ? nullptr : all.front();
}

void take(Place& place, const std::string& word) {
    if (place.pending != nullptr) {
        place.pending = nullptr;
        return;
    }
    if (word.starts_with('-')) {
        const CLI::Option* option = option_by(*place.app, word.substr(0, word.find('=')));
        if (option != nullptr && option->get_items_expected_max() > 0 && word.find('=') == std::string::npos)
            place.pending = option;
        return;
    }
    const auto below = place.app->get_subcommands([&](const CLI::App* s) { return s->get_name() == word; });
    if (below.empty())
        ++place.operands;
    else
        place = {below.front()};
}

Candidates values_of(const CLI::Option& option) {
    Candidates result;
    const std::string type = option.get_type_name();
    result.files = type.find("FILE") != std::string::npos || type.find("PATH") != std::string::npos;
    if (type.find('|') != std::string::npos) // the words that there are
        for (const auto word : std::views::split(type, '|'))
            result.words.push_back({std::string(word.begin(), word.end()), ""});
    if (option.get_name(true).find("interface") != std::string::npos)
        result.words = interface_candidates();
    if (option.get_name(true).find("NAME[=VALUE]") != std::string::npos)
        for (const SettingInfo& s : settings_known())
            result.words.push_back({s.name, s.meaning});
    return result;
}

/// The operand that comes next; the last one if it may be repeated.
const CLI::Option* operand(const Place& place) {
    const auto all = place.app->get_options([](const CLI::Option* o) { return o->get_positional(); });
    if (place.operands < all.size())
        return all[place.operands];
    return !all.empty() && all.back()->get_items_expected_max() > 1 ? all.back() : nullptr;
}

std::vector<Candidate> option_words(const CLI::App& app) {
    std::vector<Candidate> words;
    for (const CLI::Option* o : app.get_options()) {
        for (const std::string& name : o->get_lnames())
            words.push_back({"--" + name, o->get_description()});
        for (const std::string& name : o->get_snames())
            words.push_back({"-" + name, o->get_description()});
    }
    return words;
}

} // namespace

Candidates bpvs_candidates(const CLI::App& app, const std::vector<std::string>& words) {
    Place place{&app};
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
        take(place, words[i]);
    const std::string current = words.empty() ? "" : words.back();
    Candidates result;
    if (place.pending != nullptr) {
        result = values_of(*place.pending);
    } else if (current.starts_with('-')) {
        result.words = option_words(*place.app);
    } else {
        if (const CLI::Option* next = operand(place))
            result = values_of(*next);
        for (const CLI::App* s : place.app->get_subcommands([](const CLI::App*) { return true; }))
            result.words.push_back({s->get_name(), s->get_description()});
    }
    std::erase_if(result.words, [&](const Candidate& c) { return !c.word.starts_with(current); });
    return result;
}

} // namespace bpvs::cli
