// The table of tuples: a hash table of buckets in an array (core/model/flow.hh).
//
// Looking up takes no lock: an entry is one word, and the slot that it names keeps its meaning for longer than any
// program runs (life.hh). Adding locks the bucket, so that of two programs that add the same tuple one is told that it
// is there. Only the owner of a tuple erases it, by one store.
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
[[gnu::always_inline]] inline FlowPlace place_of(const Config& config, const Flow& f) {
    const u32* key = config.flow_keys;
    const auto product = [key](u32 i, u32 a, u32 b) { return u64{a + key[i]} * u32{b + key[i + 1]}; };
    const auto from = [&f](u32 i) { return static_cast<u32>(f.saddr.word[i]); };
    const auto to = [&f](u32 i) { return static_cast<u32>(f.daddr.word[i]); };
    const u32 ports = static_cast<u32>(f.sport) | static_cast<u32>(f.dport) << 16;
    const u32 kind = static_cast<u32>(f.protocol) | static_cast<u32>(f.family) << 8 | u32{f.kind} << 16;
    u64 h = product(0, from(0), to(0)) + product(2, ports, kind);
    if (f.family == Family::v6)
        h += product(4, from(1), to(1)) + product(6, from(2), to(2)) + product(8, from(3), to(3));
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15;
    return FlowPlace{static_cast<u32>((h >> 32) * config.buckets >> 32), static_cast<u32>(h) | 1};
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

/// Enters a tuple into its bucket. flow_exists: there is an entry with its tag, `found`. One such entry at most is in a
/// bucket, so that lookups need not go on; and no other is added meanwhile.
template <class T>
[[gnu::always_inline]] inline int add_entry(T& t, FlowBucket& b, FlowEntry own, u32& found) {
    u32 free = bucket_entries;
    t.lock(b);
#pragma GCC unroll 7
    for (u32 i = 0; i < bucket_entries; i++) {
        const u64 word = read_entry(b, i);
        if (word == 0)
            free = i;
        else if (entry_of(word).tag == own.tag)
            found = entry_of(word).whose;
    }
    if (found == 0 && free < bucket_entries)
        *static_cast<volatile u64*>(&b.entries[free]) = entry_word(own);
    t.unlock(b);
    return found != 0 ? flow_exists : free < bucket_entries ? flow_inserted : flow_no_room;
}

/// Enters a tuple that nobody has. The connection is written by then: whoever finds it looks there.
template <class T>
[[gnu::always_inline]] inline int insert_flow(T& t, const Config& config, FlowTarget target) {
    const Conn* own = t.conn(target.conn);
    Workspace* w = t.workspace();
    if (!own || !w)
        return flow_no_room;
    const Flow& flow = w->tuple = tuple_of(*own, target.reply);
    const FlowPlace place = place_of(config, flow);
    FlowBucket* b = t.bucket(place.bucket);
    if (!b)
        return flow_no_room;
    if (find_more(t, *b, flow).conn)
        return flow_exists;
    u32 found = 0;
    const int added = add_entry(t, *b, FlowEntry{place.tag, whose(target)}, found);
    if (added == flow_inserted)
        return flow_inserted;
    if (added == flow_exists) {
        const FlowTarget other = target_of(found);
        const Conn* c = t.conn(other.conn);
        if (c && has_tuple(*c, other.reply, flow))
            return flow_exists;
    }
    __sync_fetch_and_add(&b->more, 1u); // first, so that whoever looks next looks there
    const int r = t.insert_more_flow(flow, target);
    if (r != flow_inserted)
        __sync_fetch_and_add(&b->more, -1u);
    return r;
}

/// Takes a tuple out again. Nothing happens where it leads elsewhere by now, or nowhere.
template <class T>
[[gnu::always_inline]] inline void erase_flow(T& t, const Config& config, FlowTarget target) {
    const Conn* c = t.conn(target.conn);
    Workspace* w = t.workspace();
    if (!c || !w)
        return;
    const Flow& flow = w->tuple = tuple_of(*c, target.reply);
    const FlowPlace place = place_of(config, flow);
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
    const FlowTarget* there = t.find_more_flow(flow);
    if (there && there->conn == target.conn && there->reply == target.reply && t.erase_more_flow(flow))
        __sync_fetch_and_add(&b->more, -1u);
}

} // namespace bpvs
