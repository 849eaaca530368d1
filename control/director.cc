#include "control/commit.hh"
#include "control/director_parts.hh"
#include "control/known_servers.hh"
#include "control/marks.hh"

namespace bpvs {

Director::Director(Store& store, UnicastCheck is_unicast, const CarriedOut& carried_out)
    : store_(store), is_unicast_(std::move(is_unicast)), carried_out_(carried_out) {}
Director::~Director() = default;

Result<std::unique_ptr<Draft>> Director::draft() {
    if (!ledger_) {
        auto loaded = Ledger::load(store_);
        if (!loaded)
            return std::unexpected(loaded.error());
        ledger_ = std::move(*loaded);
    }
    return std::make_unique<Draft>(store_, ledger_, is_unicast_, carried_out_);
}

Result<void> Director::commit(Draft& draft) {
    Commit commit(store_, draft);
    if (auto done = commit.run(); !done) {
        Error error = done.error();
        if (auto recovered = recover(); !recovered)
            error.message += " " + recovered.error().message;
        return std::unexpected(std::move(error));
    }
    if (commit.flipped())
        ledger_.reset();
    return {};
}

/// A draft of one change.
template <class Change>
Result<void> Director::alone(Change change) {
    auto one = draft();
    if (!one)
        return std::unexpected(one.error());
    if (auto done = change(**one); !done)
        return done;
    return commit(**one);
}

Result<void> Director::add_service(const ServiceSpec& spec) {
    return alone([&](Draft& d) { return d.add_service(spec); });
}
Result<void> Director::edit_service(const ServiceSpec& spec) {
    return alone([&](Draft& d) { return d.edit_service(spec); });
}
Result<void> Director::delete_service(const ServiceName& name) {
    return alone([&](Draft& d) { return d.delete_service(name); });
}
Result<void> Director::flush() {
    return alone([](Draft& d) { return d.flush(); });
}
Result<void> Director::add_server(const ServiceName& service, const ServerSpec& spec) {
    return alone([&](Draft& d) { return d.add_server(service, spec); });
}
Result<void> Director::edit_server(const ServiceName& service, const ServerSpec& spec) {
    return alone([&](Draft& d) { return d.edit_server(service, spec); });
}
Result<void> Director::delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) {
    return alone([&](Draft& d) { return d.delete_server(service, family, addr, port); });
}
Result<void> Director::zero(const std::optional<ServiceName>& service) {
    return alone([&](Draft& d) { return d.zero(service); });
}
Result<void> Director::set_timeouts(const Timeouts& t) {
    return alone([&](Draft& d) { return d.set_timeouts(t); });
}

Result<void> Director::recover() {
    ledger_.reset();
    if (store_.config().dirty == 0)
        return {};
    auto all = store_.services();
    if (!all)
        return std::unexpected(all.error());

    const u32 generation = store_.config().in_force.generation;
    const u64 now = store_.now();
    std::vector<u32> owner(store_.config().max_dests, no_id);
    std::unordered_map<ServiceKey, Service, KeyBytes, KeyBytes> in_force;
    bool any = false;
    Offered offered{};
    for (const auto& [key, service] : *all) {
        if (key.generation != generation) {
            if (auto erased = store_.erase_service(key); !erased)
                return erased;
            continue;
        }
        auto entries = read_entries(store_, service);
        if (!entries)
            return std::unexpected(entries.error());
        any = true;
        ServiceKey identity = key;
        identity.generation = 0;
        in_force.emplace(identity, service);
        publish::used_services_at_least(store_, service.id + 1);
        for (const SetEntry& e : *entries) {
            owner[e.dest] = service.id;
            publish::used_dests_at_least(store_, e.dest + 1);
            publish::dest_settings(store_, e, service, now);
        }
        offer(offered, key, service);
    }
    for (u32 id = 0; id < store_.config().used_dests; ++id) {
        const Dest& d = store_.dests()[id];
        if (d.service != owner[id])
            owner[id] == no_id ? publish::dest_removed(store_, id, now) : publish::dest_service(store_, id, owner[id]);
        if (const auto it = in_force.find(service_of(d)); owner[id] == no_id && it != in_force.end())
            publish::dest_drain(store_, id, it->second.drain, now);
    }
    publish::in_force(store_, InForce{.generation = generation, .enabled = any ? 1u : 0u});
    publish::offered(store_, offered);
    if (auto derived = known_servers::derive(store_); !derived)
        return derived;
    if (auto tidied = Marks(store_).recover(); !tidied)
        return tidied;
    publish::dirty(store_, false);
    return {};
}

Timeouts Director::timeouts() const {
    const auto& t = store_.config().timeouts;
    const auto of = [&](State s) { return t[static_cast<u32>(s)]; };
    return {.tcp = of(State::established), .tcp_fin = of(State::fin_wait), .udp = of(State::udp)};
}

} // namespace bpvs
