#include "tests/support/standing.hh"

#include "control/kernel/site.hh"
#include "core/model/timeouts.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace bpvs::support {

namespace {

using namespace kernel;

/// Maps that a reset leaves alone: they are about time and interfaces, which it does not touch. Every other one is
/// cleared, so a new one is, too.
bool is_kept(const Map& map) {
    constexpr std::array<std::string_view, 3> kept{"timers", "attached", "xdp_ports"};
    return std::ranges::find(kept, map.name) != kept.end();
}

struct Held {
    Site site;
    std::unique_ptr<KernelStore> store;
    std::vector<Map> maps;
};

Result<Held> hold() {
    auto site = open_site(false, true);
    if (!site)
        return std::unexpected(site.error());
    auto store = find_store(*site);
    if (!store)
        return std::unexpected(store.error());
    if (!*store)
        return fail(Errc::system, "no director is up in this network namespace");
    auto maps = maps_of(site->directory());
    if (!maps)
        return std::unexpected(maps.error());
    return Held{std::move(*site), std::move(*store), std::move(*maps)};
}

/// What it is and how large, and nothing that a user or a packet changed.
Config as_it_came_up(const Config& c) {
    Config fresh{.layout = c.layout,
                 .version = c.version,
                 .build = c.build,
                 .hz = c.hz,
                 .connections = c.connections,
                 .max_dests = c.max_dests,
                 .max_services = c.max_services,
                 .max_words = c.max_words,
                 .buckets = c.buckets};
    std::ranges::copy(c.flow_keys, fresh.flow_keys);
    default_values(fresh);
    return fresh;
}

/// From now on packets pass untouched, and the timers have nothing to work on.
void stand_still(KernelStore& store) {
    Config& config = store.config();
    config.in_force = {};
    config.settings = default_settings;
    config.used_dests = config.used_services = 0;
    Table& table = store.table();
    table.high_water = table.live = table.held = 0;
    store.settle();
}

/// Sets a field of an element to 0.
template <class T>
void forget(std::map<std::string, std::string>& elements, std::size_t offset, std::size_t size) {
    for (auto& [key, value] : elements)
        std::memset(value.data() + offset, 0, std::min(size, sizeof(T) - offset));
}

} // namespace

Result<void> reset_director() {
    auto held = hold();
    if (!held)
        return std::unexpected(held.error());
    stand_still(*held->store);
    for (const Map& map : held->maps)
        if (!is_kept(map) && map.name != "config")
            if (auto done = clear(map); !done)
                return done;
    Config& config = held->store->config();
    config = as_it_came_up(config);
    return {};
}

Result<Contents> contents_of_director() {
    auto held = hold();
    if (!held)
        return std::unexpected(held.error());
    Contents all;
    for (const Map& map : held->maps) {
        if (is_kept(map))
            continue;
        auto elements = elements_of(map);
        if (!elements)
            return std::unexpected(elements.error());
        all.emplace(map.name, std::move(*elements));
    }
    // The keys of the hash are drawn at random. The timers count on, and note where they are.
    forget<Config>(all["config"], offsetof(Config, flow_keys), sizeof Config::flow_keys);
    forget<Table>(all["table"], offsetof(Table, rate_cursor), sizeof Table::rate_cursor);
    forget<Table>(all["table"], offsetof(Table, now), sizeof Table::now);
    std::erase_if(all["table"], [](const auto& element) { return element.second == std::string(sizeof(Table), '\0'); });
    return all;
}

} // namespace bpvs::support
