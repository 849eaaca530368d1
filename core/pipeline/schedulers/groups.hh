// The least loaded of many servers without a look at each.
//
// A long list is cut into groups of servers with neighbouring ids. Each remembers which of its servers is the least
// loaded (and one that is half idle), and how often loads in the group had changed when that was found
// (`load_changes`). As long as none has changed since, only that server is looked at; otherwise all of the group, and
// the answer is remembered. A choice among n servers so takes n/32 steps, and 32 more for each group that has changed
// since the last one. What it finds is what a walk over the whole list would find.
//
// Whoever changes a load counts the change afterwards. A search reads that number first: if it misses a change, the
// number has changed by the time that the answer is used, and the answer is not. Answers of two CPUs are one word each;
// either is true for the number that it names.
#pragma once

#include "core/pipeline/schedulers/list.hh"

namespace bpvs {

/// LoadGroup::least: the lower half is a member's number, from 1 on, `group_of_none`, or 0: nobody has looked yet.
constexpr u32 group_of_none = no_id;

/// Something that load is made of has changed at a server: after that. An addition whose result is asked for is a
/// barrier on every CPU.
template <class T>
[[gnu::always_inline]] inline void note_change(T& t, u32 dest) {
    if (LoadChanges* n = t.load_changes(group_of(dest)))
        asm volatile("" : : "r"(__sync_fetch_and_add(n, 1ull)));
}

/// Looks at a group's member. False: there is none, or this is the best there can be.
template <class T>
[[gnu::always_inline]] inline bool look_at_member(T& t, u32 at, const Measure& by, Least& best) {
    u64 pair = 0;
    if (!t.pair(at, &pair))
        return false;
    const GroupMember m = member_of(pair);
    const Dest* d = t.dest(m.dest);
    return d && consider(*d, m.dest, m.weight, m.place, by, best);
}

/// Looks at all servers of the group that the search is at; what it finds is remembered.
template <class T>
[[gnu::always_inline]] inline void look_at_group(T& t, const Measure& by, GroupSearch& s) {
    Least& best = s.of_group;
    best = nobody;
    s.least = group_of_none;
    for (u32 k = 0; k < group_servers && k < s.count; k++) {
        const u32 before = best.id;
        const bool goes_on = look_at_member(t, s.members + k * group_member_words, by, best);
        if (best.id != before)
            s.least = k + 1;
        if (!goes_on)
            break;
    }
    t.put_pair(s.at + s.memory, u64{s.changes} << 32 | s.least);
    if (best.id != no_id)
        prefer(s.best, best);
}

/// Looks at the next group. False: the search is over.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32, const Workspace& w, GroupSearch& s) {
    u64 head = 0;
    u64 pair = 0;
    if (!t.pair(s.at, &head) || !t.pair(s.at + 2, &pair))
        return false;
    s.members = s.list + static_cast<u32>(pair);
    LoadChanges* changes = t.load_changes(static_cast<u32>(head));
    if (!changes || !t.pair(s.at + s.memory, &pair))
        return false;
    const u32 least = static_cast<u32>(pair);
    if (least == 0 || pair >> 32 != static_cast<u32>(*static_cast<volatile LoadChanges*>(changes))) {
        s.count = static_cast<u32>(head >> 32);
        s.changes = static_cast<u32>(__sync_fetch_and_add(changes, 0ull)); // in full before any load is read
        t.look_at_group();
    } else if (least != group_of_none) {
        look_at_member(t, s.members + (least - 1) * group_member_words, w.by, s.best);
    }
    s.at += load_group_words;
    return s.best.id == no_id || w.by.threshold; // of servers that are half idle one is enough
}

/// The best destination of the list by Workspace::by; no_id: there is none. The groups of a service remember one
/// measure, and who is half idle.
template <class T>
[[gnu::always_inline]] inline u32 best_of(T& t, const Service& service, Workspace& w) {
    const bool any = w.by.threshold == 0;
    if (service.segments == 0 || w.tried.count != 0) {
        w.list = ListSearch{service.set_offset, any, nobody};
        t.walk(service.entries, w.list);
        return w.list.best.id;
    }
    const u32 groups = service.set_offset + service.entries * set_entry_words;
    w.groups = GroupSearch{service.set_offset, groups, 0, any ? 6u : 4u, 0, 0, 0, 0, nobody, nobody};
    t.walk(service.segments, w.groups);
    return w.groups.best.id;
}

} // namespace bpvs
