#include "control/ledger.hh"

#include <algorithm>
#include <fmt/format.h>

namespace bpvs {

ServiceKey service_of(const Dest& dest) {
    return {.vip = dest.vip,
            .fwmark = dest.fwmark,
            .generation = 0,
            .vport = dest.vport,
            .protocol = dest.protocol,
            .family = dest.family};
}

u64 connections_on(const Dest& dest) {
    const auto count = [](const u32& n) { return u64{__atomic_load_n(&n, __ATOMIC_RELAXED)}; };
    return count(dest.active) + count(dest.inactive) + count(dest.persistent);
}

Ledger::Ledger(Store& store)
    : store_(store), words_(store.config().max_words), service_ids_(store.config().max_services),
      dest_listed_(store.config().max_dests), dest_retired_(store.config().max_dests) {}

Result<std::unique_ptr<Ledger>> Ledger::load(Store& store) {
    std::unique_ptr<Ledger> ledger(new Ledger(store));
    if (auto read = ledger->read_services(); !read)
        return std::unexpected(read.error());
    ledger->read_dests();
    return ledger;
}

Result<void> Ledger::read_services() {
    auto all = store_.services();
    if (!all)
        return std::unexpected(all.error());
    const u32 generation = store_.config().in_force.generation;
    std::erase_if(*all, [&](const auto& element) { return element.first.generation != generation; });
    services_ = std::move(*all);
    std::vector<std::pair<u32, u32>> blocks;
    blocks.reserve(services_.size());
    bool sound = true;
    for (const auto& [key, service] : services_) {
        sound = sound && service.id < service_ids_.size() && !service_ids_[service.id];
        if (sound)
            service_ids_[service.id] = true;
        blocks.emplace_back(service.set_offset, service.set_words);
    }
    std::ranges::sort(blocks);
    if (!sound || !words_.take_sorted(blocks))
        return fail(Errc::system, "Two services claim the same place in the tables; run `bpvs down` and load the "
                                  "configuration again.");
    return {};
}

/// A record tells whether a service lists it: the blocks need not be read for that.
void Ledger::read_dests() {
    const u32 used = std::min<u32>(store_.config().used_dests, static_cast<u32>(dest_listed_.size()));
    const auto dests = store_.dests();
    for (u32 id = 0; id < used; ++id)
        if (dests[id].service != no_id)
            dest_listed_[id] = dests[id].family != Family::none;
        else if (dests[id].family != Family::none)
            removed_[service_of(dests[id])].push_back(id);
}

ServiceKey Ledger::key(const ServiceName& name) const {
    return {.vip = name.vip,
            .fwmark = name.fwmark,
            .generation = store_.config().in_force.generation,
            .vport = name.vport,
            .protocol = name.protocol,
            .family = name.family};
}

u32 Ledger::position_of(const ServiceKey& key) const {
    constexpr u32 few = 8;
    if (positions_.empty() && questions_++ < few) {
        const auto it = std::ranges::find_if(services_, [&](const auto& s) { return KeyBytes{}(s.first, key); });
        return it == services_.end() ? not_there : static_cast<u32>(it - services_.begin());
    }
    if (positions_.empty()) {
        positions_.reserve(services_.size());
        for (u32 i = 0; i < services_.size(); ++i)
            positions_.emplace(services_[i].first, i);
    }
    const auto it = positions_.find(key);
    return it == positions_.end() ? not_there : it->second;
}

const Service* Ledger::find(const ServiceKey& key) const {
    const u32 position = position_of(key);
    return position == not_there ? nullptr : &services_[position].second;
}

void Ledger::settle() {
    store_.settle();
    for (auto [offset, words] : retired_blocks_)
        words_.give(offset, words);
    for (u32 id : retired_services_)
        service_ids_[id] = false;
    for (u32 id : retired_dests_)
        dest_retired_[id] = false;
    retired_blocks_.clear();
    retired_services_.clear();
    retired_dests_.clear();
    next_service_ = next_dest_ = 0;
    settled_ = true;
}

Result<u32> Ledger::take_words(u32 count) {
    if (count == 0)
        return 0;
    if (!settled_) // by a command before this one
        settle();
    auto offset = words_.take(count);
    if (!offset) {
        settle();
        offset = words_.take(count);
    }
    if (!offset)
        return fail(Errc::no_room, fmt::format("The table of words has no {} free words together (it has {}); remove "
                                               "servers or services, or bring the director up with more room.",
                                               count, store_.config().max_words));
    return *offset;
}

std::optional<u32> Ledger::take_together(u64 words) {
    if (words > store_.config().max_words)
        return std::nullopt;
    if (!settled_)
        settle();
    return words_.take(static_cast<u32>(words));
}

Result<u32> Ledger::take_service_id() {
    if (!settled_)
        settle();
    const auto find = [&] { return std::find(service_ids_.begin() + next_service_, service_ids_.end(), false); };
    auto it = find();
    if (it == service_ids_.end()) {
        settle();
        it = find();
    }
    if (it == service_ids_.end())
        return fail(Errc::no_room, fmt::format("The table of services is full ({} services); delete one, or bring the "
                                               "director up with more room.",
                                               service_ids_.size()));
    *it = true;
    next_service_ = static_cast<u32>(it - service_ids_.begin()) + 1;
    return next_service_ - 1;
}

bool Ledger::dest_is_free(u32 id) const {
    return !dest_listed_[id] && !dest_retired_[id] && connections_on(store_.dests()[id]) == 0;
}

Result<u32> Ledger::take_dest_id() {
    if (!settled_)
        settle();
    const auto size = static_cast<u32>(dest_listed_.size());
    const auto find = [&] {
        while (next_dest_ < size && !dest_is_free(next_dest_))
            ++next_dest_;
    };
    find();
    if (next_dest_ == size) {
        settle(); // and look again from 0: connections may have ended
        find();
    }
    if (next_dest_ == size)
        return fail(Errc::no_room, fmt::format("The table of destinations is full ({} records); remove servers, or "
                                               "bring the director up with more room.",
                                               size));
    forget_removed(next_dest_);
    dest_listed_[next_dest_] = true; // or will be
    return next_dest_++;
}

void Ledger::forget_removed(u32 dest) {
    if (const auto it = removed_.find(service_of(store_.dests()[dest])); it != removed_.end())
        std::erase(it->second, dest);
}

std::vector<u32> Ledger::removed_servers(const ServiceKey& service) const {
    ServiceKey identity = service;
    identity.generation = 0;
    const auto it = removed_.find(identity);
    return it == removed_.end() ? std::vector<u32>{} : it->second;
}

std::optional<u32> Ledger::removed_server(const Dest& identity) const {
    for (u32 id : removed_servers(service_of(identity))) {
        const Dest& d = store_.dests()[id];
        if (d.addr_family == identity.addr_family && d.addr == identity.addr && d.port == identity.port)
            return id;
    }
    return std::nullopt;
}

void Ledger::retire_block(const Service& service) {
    if (service.set_words > 0)
        retired_blocks_.emplace_back(service.set_offset, service.set_words);
}

void Ledger::placed(const ServiceKey& key, const Service& service) {
    const u32 position = position_of(key);
    if (position == not_there) {
        if (!positions_.empty())
            positions_.emplace(key, static_cast<u32>(services_.size()));
        services_.emplace_back(key, service);
        return;
    }
    Service& old = services_[position].second;
    if (old.set_offset != service.set_offset || old.set_words != service.set_words)
        retire_block(old);
    old = service;
}

void Ledger::erased(const ServiceKey& key) {
    const u32 position = position_of(key);
    if (position == not_there)
        return;
    retire_block(services_[position].second);
    retired_services_.push_back(services_[position].second.id);
    if (!positions_.empty()) {
        positions_[services_.back().first] = position;
        positions_.erase(key);
    }
    services_[position] = services_.back();
    services_.pop_back();
}

void Ledger::listed(u32 dest) {
    forget_removed(dest);
    dest_listed_[dest] = true;
}

void Ledger::unlisted(u32 dest) {
    dest_listed_[dest] = false;
    dest_retired_[dest] = true;
    retired_dests_.push_back(dest);
    removed_[service_of(store_.dests()[dest])].push_back(dest);
}

} // namespace bpvs
