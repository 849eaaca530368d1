// The table of tuples: a hash table of buckets in an array (core/model/flow.hh).
//
// Nothing takes a lock. An entry is one word, and the slot that it names keeps its meaning for longer than any program
// runs (life.hh). Whoever adds one looks again afterwards, so that of two programs that add the same tuple at once one
// at least sees the other and withdraws. Only the owner of an entry erases it, by one store.
#pragma once

#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/model/flow.hh"
#include "core/pipeline/schedulers/workspace.hh"

namespace bpvs {

constexpr int flow_inserted = 0, flow_exists = 1, flow_no_room = 2;

constexpr FlowTarget no_flow{no_id, 0};

/// The words of an entry: 32 bits of the tuple's hash, never 0, over whose tuple it is.
struct FlowEntry {
    u32 tag;
    u32 whose; ///< (index into `conns` + 1) * 2 + reply; fits, as `conns` has fewer than 2^31 slots
};
[[gnu::always_inline]] constexpr u64 entry_word(FlowEntry e) { return u64{e.tag} << 32 | e.whose; }
[[gnu::always_inline]] constexpr FlowEntry entry_of(u64 word) {
    return FlowEntry{static_cast<u32>(word >> 32), static_cast<u32>(word)};
}
[[gnu::always_inline]] constexpr u32 whose(FlowTarget t) { return (t.conn + 1) << 1 | t.reply; }
[[gnu::always_inline]] constexpr FlowTarget target_of(u32 whose) { return FlowTarget{(whose >> 1) - 1, whose & 1}; }

/// Where a tuple belongs: its bucket, and the tag that tells it from most others there.
struct FlowPlace {
    u32 bucket;
    u32 tag;
};

/// A sum of products of keyed words (NH of UMAC, RFC 4418, 5.2.2): whatever two tuples somebody chooses who does not
/// know the keys, they collide by chance only. A multiplication then spreads the sum over the bits that choose the
/// bucket.
[[gnu::always_inline]] inline FlowPlace place_of(const Config& config, const Address& saddr, const Address& daddr,
                                                 u32 ports, u32 kind, Family family) {
    const u32* key = config.flow_keys;
    const auto product = [key](u32 i, u32 a, u32 b) { return u64{a + key[i]} * u32{b + key[i + 1]}; };
    const auto from = [&saddr](u32 i) { return static_cast<u32>(saddr.word[i]); };
    const auto to = [&daddr](u32 i) { return static_cast<u32>(daddr.word[i]); };
    u64 h = product(0, from(0), to(0)) + product(2, ports, kind | static_cast<u32>(family) << 8);
    if (family == Family::v6)
        h += product(4, from(1), to(1)) + product(6, from(2), to(2)) + product(8, from(3), to(3));
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15;
    return FlowPlace{static_cast<u32>((h >> 32) * config.buckets >> 32), static_cast<u32>(h) | 1};
}

[[gnu::always_inline]] inline FlowPlace place_of(const Config& config, const Flow& f) {
    return place_of(config, f.saddr, f.daddr, static_cast<u32>(f.sport) | static_cast<u32>(f.dport) << 16,
                    static_cast<u32>(f.protocol) | u32{f.kind} << 16, f.family);
}

/// IPv4's other words are zero.
[[gnu::always_inline]] inline bool same_address(const Address& a, const Address& b, Family family) {
    return a.word[0] == b.word[0] &&
           (family == Family::v4 || (a.word[1] == b.word[1] && a.word[2] == b.word[2] && a.word[3] == b.word[3]));
}

/// As Flow::kind.
[[gnu::always_inline]] inline u16 is_template(const Conn& c) { return (c.status.word >> 16 & conn_template) != 0; }

/// The tuple of a connection's packets in one direction, or of a template.
[[gnu::always_inline]] inline Flow tuple_of(const Conn& c, u32 reply) {
    if (reply != 0)
        return Flow{c.dest, c.client, c.dport, c.cport, c.protocol, c.family, 0};
    return Flow{c.client, c.vip, c.cport, c.vport, c.protocol, c.family, is_template(c)};
}

/// Where that belongs.
[[gnu::always_inline]] inline FlowPlace place_of(const Config& config, const Conn& c, u32 reply) {
    const u32 client = static_cast<u32>(c.cport);
    const u32 ports = reply != 0 ? static_cast<u32>(c.dport) | client << 16 : client | static_cast<u32>(c.vport) << 16;
    const u32 kind = static_cast<u32>(c.protocol) | (reply != 0 ? 0 : u32{is_template(c)} << 16);
    return place_of(config, reply != 0 ? c.dest : c.client, reply != 0 ? c.client : c.vip, ports, kind, c.family);
}

/// Is `f` the tuple of this connection in that direction, or of this template?
[[gnu::always_inline]] inline bool has_tuple(const Conn& c, u32 reply, const Flow& f) {
    if (c.protocol != f.protocol || c.family != f.family || is_template(c) != f.kind)
        return false;
    if (reply != 0)
        return c.cport == f.dport && c.dport == f.sport && same_address(c.dest, f.saddr, f.family) &&
               same_address(c.client, f.daddr, f.family);
    return c.cport == f.sport && c.vport == f.dport && same_address(c.client, f.saddr, f.family) &&
           same_address(c.vip, f.daddr, f.family);
}

[[gnu::always_inline]] inline u64 read_entry(const FlowBucket& b, u32 i) {
    return *static_cast<const volatile u64*>(&b.entries[i]);
}

/// What a tuple was found to lead to.
struct FlowFound {
    Conn* conn; ///< null: nothing
    FlowTarget target;
};

/// Where `flow` is not in its bucket: most of the time no tuple is elsewhere.
template <class T>
[[gnu::always_inline]] inline FlowFound find_more(T& t, const FlowBucket& b, const Flow& flow) {
    if (b.more != 0)
        if (const FlowTarget* target = t.find_more_flow(flow)) {
            const FlowTarget copy = *target;
            return FlowFound{t.conn(copy.conn), copy};
        }
    return FlowFound{nullptr, no_flow};
}

/// Whose entry of a bucket has this tag, as FlowEntry::whose; 0: none. The last entries are taken first. An entry's
/// halves are read one after the other: what was replaced meanwhile is another tuple's by then, which its connection
/// tells.
[[gnu::always_inline]] inline u32 find_tag(const FlowBucket& b, u32 tag) {
    using Half [[gnu::may_alias]] = u32;
#pragma GCC unroll 7
    for (u32 i = 0; i < bucket_entries; i++) {
        const volatile Half* halves = reinterpret_cast<const volatile Half*>(&b.entries[bucket_entries - 1 - i]);
        if (halves[1] == tag)
            return halves[0];
    }
    return 0;
}

/// The connection, or template, that has this tuple.
template <class T>
[[gnu::always_inline]] inline FlowFound find_flow(T& t, const Config& config, const Flow& flow) {
    const FlowPlace place = place_of(config, flow);
    const FlowBucket* b = t.bucket(place.bucket);
    if (!b)
        return FlowFound{nullptr, no_flow};
    if (const u32 found = find_tag(*b, place.tag); found != 0) {
        const FlowTarget target = target_of(found);
        if (Conn* c = t.conn(target.conn); c && has_tuple(*c, target.reply, flow))
            return FlowFound{c, target};
    }
    return find_more(t, *b, flow);
}

/// Whose entry of a bucket has this tag, as find_tag(), apart from the one at `own`; `free`: an entry that is.
[[gnu::always_inline]] inline u32 find_other(const FlowBucket& b, u32 tag, u32 own, u32& free) {
    u32 found = 0;
#pragma GCC unroll 7
    for (u32 i = 0; i < bucket_entries; i++) {
        const u64 word = read_entry(b, i);
        if (word == 0)
            free = i;
        else if (entry_of(word).tag == tag && i != own)
            found = entry_of(word).whose;
    }
    return found;
}

/// Enters a tuple into its bucket. flow_exists: there is an entry with its tag, `found`. One such entry at most stays
/// in a bucket, so that lookups need not go on: of programs that add the same tag at once, each that sees the other
/// gives way. Both may; then neither is there.
[[gnu::always_inline]] inline int add_entry(FlowBucket& b, FlowEntry own, u32& found) {
    u32 free = bucket_entries;
    found = find_other(b, own.tag, bucket_entries, free);
    if (found != 0)
        return flow_exists;
    if (free >= bucket_entries)
        return flow_no_room;
    const bool entered = __sync_val_compare_and_swap(&b.entries[free], u64{0}, entry_word(own)) == 0;
    u32 ignored = 0;
    found = find_other(b, own.tag, entered ? free : bucket_entries, ignored);
    if (found == 0)
        return entered ? flow_inserted : flow_no_room;
    if (entered)
        *static_cast<volatile u64*>(&b.entries[free]) = 0;
    return flow_exists;
}

/// A tuple where a search in `more_flows` may have its key; null: never.
template <class T>
[[gnu::always_inline]] inline const Flow* keep_tuple(T& t, const Conn& c, u32 reply) {
    Workspace* w = t.workspace();
    if (w)
        w->tuple = tuple_of(c, reply);
    return w ? &w->tuple : nullptr;
}

/// Enters a tuple that nobody has. The connection is written by then: whoever finds it looks there.
template <class T>
[[gnu::always_inline]] inline int insert_flow(T& t, const Config& config, FlowTarget target) {
    const Conn* own = t.conn(target.conn);
    if (!own)
        return flow_no_room;
    const FlowPlace place = place_of(config, *own, target.reply);
    FlowBucket* b = t.bucket(place.bucket);
    if (!b)
        return flow_no_room;
    if (b->more != 0) {
        const Flow* flow = keep_tuple(t, *own, target.reply);
        if (!flow || find_more(t, *b, *flow).conn)
            return flow_exists;
    }
    u32 found = 0;
    const int added = add_entry(*b, FlowEntry{place.tag, whose(target)}, found);
    if (added == flow_inserted)
        return flow_inserted;
    const Flow* flow = keep_tuple(t, *own, target.reply);
    if (!flow)
        return flow_no_room;
    if (added == flow_exists) {
        const FlowTarget other = target_of(found);
        const Conn* c = t.conn(other.conn);
        if (c && has_tuple(*c, other.reply, *flow))
            return flow_exists;
    }
    __sync_fetch_and_add(&b->more, 1u); // first, so that whoever looks next looks there
    const int r = t.insert_more_flow(*flow, target);
    if (r != flow_inserted)
        __sync_fetch_and_add(&b->more, -1u);
    return r;
}

/// Takes a tuple out again. Nothing happens where it leads elsewhere by now, or nowhere.
template <class T>
[[gnu::always_inline]] inline void erase_flow(T& t, const Config& config, FlowTarget target) {
    const Conn* c = t.conn(target.conn);
    const Flow* flow = c ? keep_tuple(t, *c, target.reply) : nullptr;
    if (!flow)
        return;
    const FlowPlace place = place_of(config, *flow);
    FlowBucket* b = t.bucket(place.bucket);
    if (!b)
        return;
    const u64 own = entry_word(FlowEntry{place.tag, whose(target)});
#pragma GCC unroll 7
    for (u32 i = 0; i < bucket_entries; i++)
        if (read_entry(*b, i) == own) {
            *static_cast<volatile u64*>(&b->entries[i]) = 0;
            return;
        }
    if (b->more == 0)
        return;
    const FlowTarget* there = t.find_more_flow(*flow);
    if (there && there->conn == target.conn && there->reply == target.reply && t.erase_more_flow(*flow))
        __sync_fetch_and_add(&b->more, -1u);
}

} // namespace bpvs
