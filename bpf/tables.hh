// BpfTables: the table part of Env over the director's maps.
#pragma once

#include "bpf/helpers.hh"
#include "bpf/maps.hh"
#include "core/net/crc32c.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/mark.hh"

namespace bpvs::bpf {

/// The elements of `mark_ports`, one load and shifts each, as for a word.
struct PortTable {
    [[gnu::always_inline]] bool mark_ports(u32 index, MarkPorts* value) {
        const u64* raw = static_cast<const u64*>(map_lookup_elem(&::mark_ports, &index));
        if (!raw)
            return false;
        const u64 all = *raw;
        value->first = static_cast<u16>(all);
        value->last = static_cast<u16>(all >> 16);
        value->mark = static_cast<u32>(all >> 32);
        return true;
    }
};

} // namespace bpvs::bpf

/// The search in `mark_ports` as a function of its own: the verifier looks at it once, apart from whatever else may be
/// known about the packet.
extern "C" [[gnu::noinline]] bpvs::u32 bpvs_search_ports(bpvs::u32 offset, bpvs::u32 count, bpvs::u32 port,
                                                         bpvs::u32 mark) {
    bpvs::bpf::PortTable t;
    return bpvs::mark_of_port(t, {offset, count}, static_cast<bpvs::u16>(port), mark);
}

/// A loop and two tables: likewise.
extern "C" [[gnu::noinline]] bpvs::u32 bpvs_crc32c_change(bpvs::u32 change, bpvs::u32 length) {
    return bpvs::net::crc32c_change(change, length);
}

namespace bpvs::bpf {

struct BpfTables : PortTable {
    template <class Value, class Map>
    [[gnu::always_inline]] static Value* element(Map& map, u32 index) {
        return static_cast<Value*>(map_lookup_elem(&map, &index));
    }

    [[gnu::always_inline]] const Config* config() { return element<Config>(::config, 0); }
    [[gnu::always_inline]] Table* table() { return element<Table>(::table, 0); }
    [[gnu::always_inline]] u64 now() { return jiffies64(); }
    [[gnu::always_inline]] u32 random() { return get_prandom_u32(); }
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
    [[gnu::always_inline]] bool pair(u32 index, u64* value) {
        const u64* words = element<u64>(::words, index >> 1);
        if (!words)
            return false;
        *value = *words;
        return true;
    }
    [[gnu::always_inline]] void put_pair(u32 index, u64 value) {
        if (u64* words = element<u64>(::words, index >> 1))
            *words = value;
    }
    [[gnu::always_inline]] LoadChanges* load_changes(u32 group) { return element<LoadChanges>(::load_changes, group); }
    [[gnu::always_inline]] const MarkRange* find_mark_prefix(const MarkPrefix& key) {
        return static_cast<const MarkRange*>(map_lookup_elem(&::mark_prefixes, &key));
    }
    [[gnu::always_inline]] u32 search_ports(const MarkRange& range, u16 port, u32 mark) {
        return bpvs_search_ports(range.offset, range.count, port, mark);
    }
    [[gnu::always_inline]] u32 crc32c_change(u32 change, u32 length) { return bpvs_crc32c_change(change, length); }
    [[gnu::always_inline]] Cursor* cursor(u32 index) { return element<Cursor>(::cursors, index); }
    [[gnu::always_inline]] Counters* counters(u32 index) { return element<Counters>(::counters, index); }

    [[gnu::always_inline]] Way* way(u32 dest) { return element<Way>(::ways, dest & (bpvs::ways - 1)); }

    [[gnu::always_inline]] const Service* find_service(const ServiceKey& key) {
        return static_cast<const Service*>(map_lookup_elem(&::services, &key));
    }

    [[gnu::always_inline]] bool has_server(const ServerKey& key) {
        return map_lookup_elem(&::servers, &key) != nullptr;
    }

    [[gnu::always_inline]] FlowBucket* bucket(u32 index) { return element<FlowBucket>(::flows, index); }

    [[gnu::always_inline]] const FlowTarget* find_more_flow(const Flow& flow) {
        return static_cast<const FlowTarget*>(map_lookup_elem(&::more_flows, &flow));
    }
    [[gnu::always_inline]] bool erase_more_flow(const Flow& flow) { return map_delete_elem(&::more_flows, &flow) == 0; }
    [[gnu::always_inline]] int insert_more_flow(const Flow& flow, const FlowTarget& target) {
        const long r = map_update_elem(&::more_flows, &flow, &target, BPF_NOEXIST);
        if (r == 0)
            return flow_inserted;
        return r == -17 /* EEXIST */ ? flow_exists : flow_no_room;
    }

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

    [[gnu::always_inline]] const Locality* find_locality(const LocalityKey& key) {
        return static_cast<const Locality*>(map_lookup_elem(&::localities, &key));
    }
    [[gnu::always_inline]] void put_locality(const LocalityKey& key, const Locality& set) {
        map_update_elem(&::localities, &key, &set, BPF_ANY);
    }

    // bpf/walks.hh
    FlowTarget find_flow(const Flow& flow);
    int insert_flow(FlowTarget target);
    void erase_flow(FlowTarget target);
    void end(u32 conn, Ending why);
    Workspace* workspace();
    void change_state(u32 conn, u32 row);
    Scheduled schedule(const Flow& flow, u32 mark, u32 opening);
    u32 choose(const Service& service, const Flow& flow);
    u32 hold_template(const Service& service, const Flow& flow);
    u32 prepare_template(const Service& service, const Flow& flow, u32 dest);
    void look_at_group();
    void walk(u32 count, ListSearch& search);
    void walk(u32 count, GroupSearch& search);
    void walk(u32 count, BucketSearch& search);
    void walk(u32 count, MemberSearch& search);
    void walk(u32 count, TwosDraw& search);
    void walk(u32 count, SumDraw& search);
    void walk(u32 count, TurnSearch& search);
};

} // namespace bpvs::bpf
