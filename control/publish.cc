#include "control/publish.hh"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace bpvs::publish {
namespace {

template <class T>
void put(T& where, T value) {
    __atomic_store_n(&where, value, __ATOMIC_SEQ_CST);
}

using AliasedWord [[gnu::may_alias]] = u64;

/// Two fields by one store.
template <class Pair>
void put_pair(Pair& where, const Pair& value) {
    static_assert(sizeof(Pair) == sizeof(AliasedWord));
    put(*reinterpret_cast<AliasedWord*>(&where), std::bit_cast<AliasedWord>(value));
}

/// When connections are over whose server drains from `now`; 0: never.
u64 end_of_drain(Store& store, u32 drain, u64 now) {
    return drain == drain_unset || drain == drain_finish ? 0 : now + u64{drain - 1} * store.config().hz;
}

u64 end_when_removed(Store& store, u32 drain, u64 now) {
    return drain == drain_unset ? now : end_of_drain(store, drain, now);
}

} // namespace

void dirty(Store& store, bool on) { put(store.config().dirty, on ? 1u : 0u); }

void in_force(Store& store, InForce value) {
    static_assert(offsetof(Config, in_force) % sizeof(u64) == 0);
    put_pair(store.config().in_force, value);
}

void in_force(Store& store, MarksInForce value) {
    static_assert(offsetof(Config, marks) % sizeof(u64) == 0);
    put_pair(store.config().marks, value);
}

MarksInForce seen(const MarksInForce& where) {
    return std::bit_cast<MarksInForce>(__atomic_load_n(reinterpret_cast<const AliasedWord*>(&where), __ATOMIC_SEQ_CST));
}

void used_dests_at_least(Store& store, u32 bound) {
    Config& config = store.config();
    put(config.used_dests, std::max(config.used_dests, bound));
}

void used_services_at_least(Store& store, u32 bound) {
    Config& config = store.config();
    put(config.used_services, std::max(config.used_services, bound));
}

void dest_service(Store& store, u32 dest, u32 service) { put(store.dests()[dest].service, service); }

void dest_place(Store& store, u32 dest, u32 side, u32 place) { put(store.dests()[dest].place[side], place); }

void dest_settings(Store& store, const SetEntry& entry, const Service& service, u64 now) {
    const auto record = [&]() -> Dest& { return store.dests()[entry.dest]; };
    const u32 before = record().upper;
    const bool drains = entry.weight == 0;
    const u64 end = drains ? end_of_drain(store, service.drain, now) : 0;
    // One that drains already goes on to its end, if it has one where its service wants one.
    const Dest d = record();
    const bool goes_on = drains && (d.flags & dest_quiesced) && d.service == service.id && d.drain == service.drain &&
                         (d.drained != 0) == (end != 0);
    put(record().drain, service.drain);
    if (!goes_on)
        put(record().drained, end);
    put(record().flags,
        static_cast<u8>((drains ? dest_quiesced : 0) | (service.flags & service_idle_reset ? dest_idle_reset : 0)));
    put(record().lower, entry.lower);
    put(record().upper, entry.upper);
    if (entry.upper == 0 || entry.upper > before)
        put(record().overloaded, 0u);
}

void dest_removed(Store& store, u32 dest, u64 now) {
    const Dest before = store.dests()[dest];
    const u64 end = end_when_removed(store, before.drain, now);
    if (end != 0 && (before.drained == 0 || end < before.drained))
        put(store.dests()[dest].drained, end);
    dest_service(store, dest, no_id);
}

void dest_drain(Store& store, u32 dest, u32 drain, u64 now) {
    if (store.dests()[dest].drain == drain)
        return;
    put(store.dests()[dest].drained, end_when_removed(store, drain, now)); // first: a killed command is seen by `drain`
    put(store.dests()[dest].drain, drain);
}

void offered(Store& store, const Offered& all) {
    put(store.config().offered.kinds, all.kinds);
    const Offered& before = store.config().offered;
    for (std::size_t i = 0; i < std::size(all.ports); i++)
        if (before.ports[i] != all.ports[i])
            put(store.config().offered.ports[i], all.ports[i]);
}

void setting(Store& store, u32 Settings::* which, u32 value) { put(store.config().settings.*which, value); }

void timeouts(Store& store, const Timeouts& t) {
    const auto set = [&](State state, u32 seconds) {
        if (seconds != 0)
            put(store.config().timeouts[static_cast<u32>(state)], seconds);
    };
    set(State::established, t.tcp);
    set(State::fin_wait, t.tcp_fin);
    set(State::udp, t.udp);
}

void words(Store& store, u32 offset, std::span<const u32> block) {
    if (!block.empty())
        std::ranges::copy(block, store.words(offset, static_cast<u32>(block.size())).begin());
}

} // namespace bpvs::publish
