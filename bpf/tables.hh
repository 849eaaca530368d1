// BpfTables: the table part of Env over the director's maps.
#pragma once

#include "bpf/helpers.hh"
#include "bpf/maps.hh"
#include "core/pipeline/env.hh"

namespace bpvs::bpf {

struct BpfTables {
    template <class Value, class Map>
    [[gnu::always_inline]] static Value* element(Map& map, u32 index) {
        return static_cast<Value*>(map_lookup_elem(&map, &index));
    }

    [[gnu::always_inline]] const Config* config() { return element<Config>(::config, 0); }
    [[gnu::always_inline]] Table* table() { return element<Table>(::table, 0); }
    [[gnu::always_inline]] u64 now() { return jiffies64(); }
    [[gnu::always_inline]] Conn* conn(u32 index) { return element<Conn>(::conns, index); }
    [[gnu::always_inline]] Dest* dest(u32 index) { return element<Dest>(::dests, index); }
    /// Loads the pair and shifts: arithmetic on the pointer would cost the verifier a state per word.
    [[gnu::always_inline]] bool word(u32 index, u32* value) {
        const u64* pair = element<u64>(::words, index >> 1);
        if (!pair)
            return false;
        *value = static_cast<u32>(*pair >> ((index & 1) * 32));
        return true;
    }
    [[gnu::always_inline]] Cursor* cursor(u32 index) { return element<Cursor>(::cursors, index); }
    [[gnu::always_inline]] Counters* counters(u32 index) { return element<Counters>(::counters, index); }

    [[gnu::always_inline]] const Service* find_service(const ServiceKey& key) {
        return static_cast<const Service*>(map_lookup_elem(&::services, &key));
    }

    [[gnu::always_inline]] const FlowTarget* find_flow(const Flow& flow) {
        return static_cast<const FlowTarget*>(map_lookup_elem(&::flows, &flow));
    }

    [[gnu::always_inline]] int insert_flow(const Flow& flow, const FlowTarget& target) {
        const long r = map_update_elem(&::flows, &flow, &target, BPF_NOEXIST);
        if (r == 0)
            return flow_inserted;
        return r == -17 /* EEXIST */ ? flow_exists : flow_no_room;
    }

    [[gnu::always_inline]] void erase_flow(const Flow& flow) { map_delete_elem(&::flows, &flow); }

    /// A slot that has rested, else one never used yet.
    [[gnu::always_inline]] bool take_conn(u32* index) {
        if (map_pop_elem(&::free_conns, index) == 0)
            return true;
        const Config* c = config();
        Table* t = table();
        if (!c || !t || t->high_water >= c->connections)
            return false;
        *index = __sync_fetch_and_add(&t->high_water, 1u);
        if (*index < c->connections)
            return true;
        __sync_fetch_and_add(&t->high_water, -1u);
        return false;
    }

    [[gnu::always_inline]] void give_conn(u32 index) { map_push_elem(&::free_conns, &index, 0); }
};

} // namespace bpvs::bpf
