#include "control/marks.hh"

#include "control/mark_compile.hh"
#include "control/names.hh"
#include "control/publish.hh"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

namespace bpvs {
namespace {

static_assert(std::has_unique_object_representations_v<MarkRule>);

bool same(const MarkRule& a, const MarkRule& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

std::unexpected<Error> no_such_number(const char* what, u32 number, std::size_t count) {
    return fail(Errc::no_rule, fmt::format("{} {}: the list has {} rule{}; `bpvs mark list` shows their numbers.", what,
                                           number, count == 0 ? "no" : std::to_string(count), count == 1 ? "" : "s"));
}

} // namespace

/// Also without the lock: the place of a list is used again only after another one was in force in between.
Result<std::vector<MarkRule>> Marks::list() const {
    for (int attempt = 0; attempt < 20; ++attempt) {
        const MarksInForce before = publish::seen(store_.config().marks);
        std::vector<MarkRule> rules;
        if (before.rules > 0) {
            const auto all = store_.mark_rules().subspan(mark_rules_at(before.generation));
            if (before.rules > max_mark_rules)
                return fail(Errc::system, "The tables contradict themselves at the rules that mark packets; run `bpvs "
                                          "down` and load the configuration again.");
            rules.assign(all.begin(), all.begin() + before.rules);
        }
        if (publish::seen(store_.config().marks).generation == before.generation)
            return rules;
    }
    return fail(Errc::system, "The rules are being changed all the time; try again.");
}

Result<void> Marks::add(const MarkRule& rule, std::optional<u32> number) {
    auto rules = list();
    if (!rules)
        return std::unexpected(rules.error());
    if (number && (*number == 0 || *number > rules->size() + 1))
        return no_such_number("Cannot add a rule at the place", *number, rules->size());
    if (rules->size() >= max_mark_rules)
        return fail(Errc::no_room,
                    fmt::format("Cannot add the rule {}: the list is full ({} rules); delete one, or let one rule "
                                "cover a whole prefix or range of ports.",
                                to_text(rule), max_mark_rules));
    rules->insert(number ? rules->begin() + (*number - 1) : rules->end(), rule);
    auto done = replace(*rules);
    if (!done)
        done.error().message = fmt::format("Cannot add the rule {}: {}", to_text(rule), done.error().message);
    return done;
}

Result<void> Marks::remove(const MarkRule& rule) {
    auto rules = list();
    if (!rules)
        return std::unexpected(rules.error());
    const auto it = std::ranges::find_if(*rules, [&](const MarkRule& r) { return same(r, rule); });
    if (it == rules->end())
        return fail(Errc::no_rule, fmt::format("Cannot delete the rule {}: the list has no such rule; `bpvs mark list` "
                                               "shows what it has.",
                                               to_text(rule)));
    rules->erase(it);
    return replace(*rules);
}

Result<void> Marks::remove(u32 number) {
    auto rules = list();
    if (!rules)
        return std::unexpected(rules.error());
    if (number == 0 || number > rules->size())
        return no_such_number("Cannot delete the rule", number, rules->size());
    rules->erase(rules->begin() + (number - 1));
    return replace(*rules);
}

Result<void> Marks::clear() {
    auto rules = list();
    if (!rules)
        return std::unexpected(rules.error());
    return rules->empty() ? Result<void>{} : replace({});
}

/// The store to Config::marks is the change; what remains to be done is what recover() does.
Result<void> Marks::replace(std::span<const MarkRule> rules) {
    const u32 generation = store_.config().marks.generation + 1;
    publish::dirty(store_, true);
    auto done = write(generation, rules);
    if (done)
        publish::in_force(store_, MarksInForce{generation, static_cast<u32>(rules.size())});
    if (auto tidied = recover(); !tidied)
        return done ? tidied : done;
    publish::dirty(store_, false);
    return done;
}

/// Into memory and under keys that no packet uses yet.
Result<void> Marks::write(u32 generation, std::span<const MarkRule> rules) {
    const auto compiled = compile_marks(rules, generation);
    if (!compiled)
        return std::unexpected(compiled.error());
    std::ranges::copy(rules, store_.mark_rules().subspan(mark_rules_at(generation)).begin());
    const u32 ports_at = mark_ports_at(generation);
    std::ranges::copy(compiled->ports, store_.mark_ports().subspan(ports_at).begin());
    for (auto [key, range] : compiled->prefixes) {
        range.offset += ports_at;
        if (auto put = store_.put_mark_prefix(key, range); !put)
            return put;
    }
    return {};
}

/// A packet that began under the list before may still look it up: it is forgotten only after the wait.
Result<void> Marks::recover() {
    auto keys = store_.mark_prefixes();
    if (!keys)
        return std::unexpected(keys.error());
    std::erase_if(*keys, [&](const MarkPrefix& k) { return k.generation == store_.config().marks.generation; });
    if (keys->empty())
        return {};
    store_.settle();
    for (const MarkPrefix& key : *keys)
        if (auto erased = store_.erase_mark_prefix(key); !erased)
            return erased;
    return {};
}

} // namespace bpvs
