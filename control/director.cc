#include "control/director_parts.hh"
#include "control/marks.hh"

namespace bpvs {

Director::Director(Store& store, UnicastCheck is_unicast, const CarriedOut& carried_out)
    : store_(store), is_unicast_(std::move(is_unicast)), carried_out_(carried_out) {}
Director::~Director() = default;

Result<Ledger*> Director::ledger() {
    if (!ledger_) {
        auto loaded = Ledger::load(store_);
        if (!loaded)
            return std::unexpected(loaded.error());
        ledger_ = std::move(*loaded);
    }
    return ledger_.get();
}

Result<Director::Found> Director::find_for_change(const ServiceName& name, const std::string& what) {
    auto book = ledger();
    if (!book)
        return std::unexpected(book.error());
    const ServiceKey key = (*book)->key(name);
    const Service* service = (*book)->find(key);
    if (!service)
        return fail(Errc::no_service, fmt::format("{}: there is no service {}; add it first.", what, to_text(name)));
    auto entries = read_entries(store_, *service);
    if (!entries)
        return std::unexpected(entries.error());
    return Found{*book, key, *service, std::move(*entries), picks_of(store_, service->id)};
}

/// Writes the service's block into unused space. `picks` is what `turn` was worked out from.
Result<Service> Director::with_set(const Service& service, Entries entries, const Turn& turn, u64 picks) {
    auto block = build_block(service, entries, turn, store_.config().max_words);
    if (!block)
        return std::unexpected(block.error());
    auto offset = ledger_->take_words(block->service.set_words);
    if (!offset)
        return std::unexpected(offset.error());
    publish::words(store_, *offset, block->words);
    block->service.set_offset = *offset;
    block->service.cursor_base = picks;
    return block->service;
}

/// The one order of writing. A record that joins is the service's before a packet can choose it; one that
/// leaves remains so until none can.
Result<void> Director::commit(const ServiceKey& key, const Service& service, u32 attached, u32 detached) {
    publish::dirty(store_, true);
    publish::used_services_at_least(store_, service.id + 1);
    if (attached != no_id) {
        publish::used_dests_at_least(store_, attached + 1);
        publish::dest_flags(store_, attached, 0);
        publish::dest_service(store_, attached, service.id);
    }
    if (auto put = store_.put_service(key, service); !put)
        return abandon(put.error());
    if (detached != no_id)
        publish::dest_service(store_, detached, no_id);
    if (store_.config().in_force.enabled == 0)
        publish::in_force(store_, InForce{.generation = key.generation, .enabled = 1});
    publish::dirty(store_, false);

    ledger_->placed(key, service);
    if (attached != no_id)
        ledger_->listed(attached);
    if (detached != no_id)
        ledger_->unlisted(detached);
    return {};
}

/// Gives back what was taken for a change that cannot be made.
std::unexpected<Error> Director::abandon(Error error) {
    if (auto recovered = recover(); !recovered)
        error.message += " " + recovered.error().message;
    return std::unexpected(std::move(error));
}

Result<void> Director::recover() {
    ledger_.reset();
    if (store_.config().dirty == 0)
        return {};
    auto all = store_.services();
    if (!all)
        return std::unexpected(all.error());

    const u32 generation = store_.config().in_force.generation;
    std::vector<u32> owner(store_.config().max_dests, no_id);
    bool any = false;
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
        publish::used_services_at_least(store_, service.id + 1);
        for (const SetEntry& e : *entries) {
            owner[e.dest] = service.id;
            publish::used_dests_at_least(store_, e.dest + 1);
        }
    }
    for (u32 id = 0; id < store_.config().used_dests; ++id)
        if (store_.dests()[id].service != owner[id])
            publish::dest_service(store_, id, owner[id]);
    publish::in_force(store_, InForce{.generation = generation, .enabled = any ? 1u : 0u});
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

Result<void> Director::set_timeouts(const Timeouts& t) {
    for (u32 seconds : {t.tcp, t.tcp_fin, t.udp})
        if (seconds > max_timeout)
            return fail(Errc::out_of_range, fmt::format("Cannot set a timeout of {} seconds: the longest is {} (31 "
                                                        "days).",
                                                        seconds, max_timeout));
    const auto set = [&](State state, u32 seconds) {
        if (seconds != 0)
            publish::timeout(store_, state, seconds);
    };
    set(State::established, t.tcp);
    set(State::fin_wait, t.tcp_fin);
    set(State::udp, t.udp);
    return {};
}

} // namespace bpvs
