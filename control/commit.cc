#include "control/commit.hh"

#include "control/director_parts.hh"
#include "control/known_servers.hh"

#include <algorithm>
#include <unordered_set>

namespace bpvs {
namespace {

/// Words of all blocks to be written, laid one behind the other.
struct Laid {
    DraftService* service;
    Block block;
};

/// Zeroes counters by index; a few are read one by one, many at once.
Result<void> zero_counters(Store& store, std::vector<u32>& indices) {
    std::ranges::sort(indices);
    indices.erase(std::ranges::unique(indices).begin(), indices.end());
    std::vector<Counters> current;
    current.reserve(indices.size());
    for (std::size_t from = 0; from < indices.size();) {
        std::size_t to = from + 1; // a run of neighbours
        while (to < indices.size() && indices[to] - indices[to - 1] <= 16)
            ++to;
        const u32 first = indices[from];
        const auto values = store.counters(first, indices[to - 1] - first + 1);
        if (!values)
            return std::unexpected(values.error());
        for (; from < to; ++from)
            current.push_back((*values)[indices[from] - first]);
    }
    store.zero(indices, current);
    return {};
}

std::unordered_set<u32> ids_of(Entries entries) {
    std::unordered_set<u32> ids;
    for (const SetEntry& e : entries)
        ids.insert(e.dest);
    return ids;
}

} // namespace

/// Records that no service lists yet; some schedulers lay out their tables by what is in them.
void Commit::write_records() {
    for (const auto& [id, record] : draft_.fresh_)
        store_.dests()[id] = record;
}

/// Writes the blocks of the services that need one into unused space, together if there is room.
Result<void> Commit::lay_out() {
    std::vector<Laid> laid;
    u64 total = 0;
    for (const Change& c : changes_) {
        DraftService& s = *c.service;
        if (!s.there || !s.rebuild)
            continue;
        auto block = build_block(s.service, s.entries, store_.dests(), s.turn, store_.config().max_words);
        if (!block)
            return std::unexpected(block.error());
        total += block->service.set_words;
        laid.push_back({&s, std::move(*block)});
    }
    const auto together = laid.size() > 1 ? ledger_.take_together(total) : std::nullopt;
    u32 next = together.value_or(0);
    for (Laid& l : laid) {
        Service service = l.block.service;
        const auto offset = together ? Result<u32>(next) : ledger_.take_words(service.set_words);
        if (!offset)
            return std::unexpected(offset.error());
        next += service.set_words;
        publish::words(store_, *offset, l.block.words);
        service.set_offset = *offset;
        service.side = l.service->before ? l.service->before->side ^ 1u : 0;
        service.cursor_base = l.service->picks;
        l.service->service = service;
    }
    return {};
}

/// What no packet counts on yet: new services and records, and the removed servers of services that come back,
/// which count from zero.
Result<void> Commit::prepare_counters() {
    std::vector<u32> indices;
    for (const auto& fresh : draft_.fresh_)
        indices.push_back(fresh.first);
    for (const Change& c : changes_) {
        if (!c.service->anew)
            continue;
        if (!c.service->before) {
            indices.push_back(counter_of_service(store_, c.service->service.id));
            for (const SetEntry& e : c.service->entries)
                indices.push_back(e.dest);
        }
        for (u32 id : ledger_.removed_servers(c.key))
            indices.push_back(id);
    }
    return zero_counters(store_, indices);
}

/// A record that joins is the service's before a packet can choose it.
void Commit::attach() {
    for (const Change& c : changes_) {
        const DraftService& s = *c.service;
        if (!s.there)
            continue;
        publish::used_services_at_least(store_, s.service.id + 1);
        u32 place = 0;
        for (const SetEntry& e : s.entries) {
            publish::dest_place(store_, e.dest, s.service.side, place++);
            publish::dest_settings(store_, e, s.service, now_);
            if (store_.dests()[e.dest].service == s.service.id)
                continue;
            publish::used_dests_at_least(store_, e.dest + 1);
            publish::dest_service(store_, e.dest, s.service.id);
            attached_.push_back(e.dest);
        }
    }
}

Offered Commit::offered() const {
    Offered all{};
    for (const auto& [key, touched] : draft_.touched_)
        if (touched.there)
            offer(all, key, touched.service);
    for (const auto& [key, service] : ledger_.services())
        if (!draft_.flushed_ && !draft_.touched_.contains(key))
            offer(all, key, service);
    return all;
}

/// Does a change make a service come, go, or become of another kind?
bool Commit::offers_others() const {
    return draft_.flushed_ || std::ranges::any_of(changes_, [](const Change& c) {
               const DraftService& s = *c.service;
               return !s.before || !s.there || kind_of(*s.before) != kind_of(s.service);
           });
}

Result<void> Commit::replace_one(const Change& change) {
    const u32 generation = store_.config().in_force.generation;
    const bool there = change.service->there;
    auto done = there ? store_.put_service(change.key, change.service->service) : store_.erase_service(change.key);
    if (!done)
        return done;
    const u32 enabled = there || ledger_.services().size() > 1 ? 1 : 0;
    if (store_.config().in_force.enabled == 0 && enabled == 1)
        publish::in_force(store_, InForce{.generation = generation, .enabled = 1});
    detach();
    if (enabled == 0)
        publish::in_force(store_, InForce{.generation = generation, .enabled = 0});
    return {};
}

/// All services are written again under the next generation, which no packet looks at before the flip.
Result<void> Commit::replace_all() {
    const u32 generation = store_.config().in_force.generation + 1;
    std::vector<std::pair<ServiceKey, Service>> next;
    std::vector<ServiceKey> old;
    const auto keep = [&](ServiceKey key, const Service& service) {
        key.generation = generation;
        next.emplace_back(key, service);
    };
    for (const auto& [key, service] : ledger_.services()) {
        old.push_back(key);
        if (!draft_.flushed_ && !draft_.touched_.contains(key))
            keep(key, service);
    }
    for (const auto& [key, s] : draft_.touched_)
        if (s.there)
            keep(key, s.service);
    if (auto put = store_.put_services(next); !put)
        return put;
    publish::in_force(store_, InForce{.generation = generation, .enabled = next.empty() ? 0u : 1u});
    detach();
    return store_.erase_services(old);
}

/// A record that leaves remains the service's until no packet can choose it.
void Commit::detach() {
    const auto all = [&](Entries entries) {
        for (const SetEntry& e : entries)
            detached_.push_back(e.dest);
    };
    for (const Change& c : changes_) {
        const auto after = c.service->there ? ids_of(c.service->entries) : std::unordered_set<u32>{};
        for (const SetEntry& e : c.service->before_entries)
            if (!after.contains(e.dest))
                detached_.push_back(e.dest);
    }
    if (draft_.flushed_)
        for (const auto& [key, service] : ledger_.services())
            if (!draft_.touched_.contains(key))
                if (const auto entries = read_entries(store_, service))
                    all(*entries);
    for (u32 id : detached_)
        publish::dest_removed(store_, id, now_);
    for (const Change& c : changes_)
        drain_removed(c);
}

/// Servers that were removed before follow their service's new wish, too.
void Commit::drain_removed(const Change& change) {
    if (change.service->there)
        for (u32 id : ledger_.removed_servers(change.key))
            if (store_.dests()[id].service == no_id)
                publish::dest_drain(store_, id, change.service->service.drain, now_);
}

/// Services that were deleted and are there again, and what -Z names.
Result<void> Commit::count_from_zero() {
    const auto add = [&](const Service& service, Entries entries) {
        recounted_.push_back(counter_of_service(store_, service.id));
        for (const SetEntry& e : entries)
            recounted_.push_back(e.dest);
    };
    for (const Change& c : changes_)
        if (c.service->there && c.service->anew && c.service->before)
            add(c.service->service, c.service->entries);
    const auto named = [&](const ServiceKey& key, const Service& service) -> Result<void> {
        if (const auto it = draft_.touched_.find(key); it != draft_.touched_.end()) {
            if (it->second.there)
                add(it->second.service, it->second.entries);
            return {};
        }
        const auto entries = read_entries(store_, service);
        if (!entries)
            return std::unexpected(entries.error());
        add(service, *entries);
        return {};
    };
    if (draft_.zero_all_ && !draft_.flushed_)
        for (const auto& [key, service] : ledger_.services())
            if (auto ok = named(key, service); !ok)
                return ok;
    for (const ServiceKey& key : draft_.zeroed_)
        if (const Service* service = ledger_.find(key))
            if (auto ok = named(key, *service); !ok)
                return ok;
    return zero_counters(store_, recounted_);
}

void Commit::book(const Change& change) {
    if (change.service->there)
        ledger_.placed(change.key, change.service->service);
    else
        ledger_.erased(change.key);
    for (u32 id : attached_)
        ledger_.listed(id);
    for (u32 id : detached_)
        ledger_.unlisted(id);
}

Result<void> Commit::run() {
    for (auto& [key, s] : draft_.touched_)
        if (s.changed && (s.there || s.before))
            changes_.push_back({key, &s});
    flip_ = draft_.flushed_ || changes_.size() > 1;
    if (flip_ || !changes_.empty()) {
        now_ = store_.now();
        write_records();
        if (auto ok = lay_out(); !ok)
            return ok;
        if (auto ok = prepare_counters(); !ok)
            return ok;
        publish::dirty(store_, true);
        attach();
        if (auto ok = known_servers::add(store_, attached_); !ok)
            return ok;
        const Offered after = offers_others() ? offered() : store_.config().offered;
        publish::offered(store_, all_of(store_.config().offered, after));
        if (auto ok = flip_ ? replace_all() : replace_one(changes_.front()); !ok)
            return ok;
        publish::offered(store_, after);
        if (auto ok = known_servers::remove(store_, detached_); !ok)
            return ok;
        publish::dirty(store_, false);
    }
    if (auto ok = count_from_zero(); !ok)
        return ok;
    if (draft_.timeouts_)
        publish::timeouts(store_, *draft_.timeouts_);
    if (!flip_ && !changes_.empty())
        book(changes_.front());
    draft_.taken_ = false;
    return {};
}

} // namespace bpvs
