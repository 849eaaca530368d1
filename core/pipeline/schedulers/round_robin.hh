// The round-robin kinds (rr, wrr): a choice is a position in a precomputed sequence.
//
// The control library compiles a service's servers into segments (core/model/service.hh) such that
// positions 0, 1, 2 … of the cycle are the servers IPVS would choose one after the other: rr is one
// segment, wrr one segment per distinct weight. Positions are handed out by one atomic increment, so
// any number of CPUs scheduling at once take each position exactly once and no count can be wrong.
// A turn of an overloaded server is taken and not used, as in IPVS.
// Cost: one increment, a binary search over the segments (one step for rr and for equal weights).
//
// rr: servers with a weight above zero take turns, the one added last first. Invariant: between two
// choices of one server every other eligible server is chosen once.
//
// wrr: a round goes down through weight levels in steps of the weights' greatest common divisor; at each
// level every server of at least that weight is chosen once, the one added last first. Invariant: per
// round each server is chosen weight/gcd times.
#pragma once

#include "core/model/service.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/schedulers/workspace.hh"

namespace bpvs {

/// A service has at most 2^12 weight levels: enough for thousands of servers, all with different weights.
constexpr int max_segments_log2 = 12;

/// Overloaded servers are passed over; after so many turns the packet is refused.
constexpr u32 most_turns = 8192;

/// Takes the next turn of the sequence: a destination id, or no_id when the tables contradict themselves.
template <class T>
[[gnu::always_inline]] inline u32 next_turn(T& t, const TurnSearch& s, Cursor& cursor) {
    const u64 pick = __sync_fetch_and_add(&cursor.picks, 1ull);
    const u64 position = (s.start + (pick - s.cursor_base)) % s.cycle;

    u32 low = 0;
    u32 high = s.segments; // the segment is in [low, high)
    u32 first = 0;
    for (int step = 0; step < max_segments_log2 && high - low > 1; step++) {
        const u32 middle = low + (high - low) / 2;
        if (!t.word(s.table + middle * segment_words, &first))
            return no_id;
        if (first <= position)
            low = middle;
        else
            high = middle;
    }
    u32 count = 0;
    u32 members = 0;
    if (!t.word(s.table + low * segment_words, &first) || !t.word(s.table + low * segment_words + 1, &count) ||
        !t.word(s.table + low * segment_words + 2, &members) || count == 0)
        return no_id;
    u32 dest = no_id;
    t.word(s.block + members + static_cast<u32>((position - first) % count), &dest);
    return dest;
}

/// One turn. False: the search is over.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32, const Workspace&, TurnSearch& s) {
    Cursor* cursor = t.cursor(s.cursor);
    if (!cursor || s.cycle == 0)
        return false;
    const u32 id = next_turn(t, s, *cursor);
    const Dest* d = t.dest(id);
    if (!d)
        return false;
    if (d->overloaded)
        return true;
    s.best = id;
    return false;
}

/// Takes the next server of the sequence that is not overloaded: a destination id, or no_id when there is none.
template <class T>
[[gnu::always_inline]] inline u32 next_in_sequence(T& t, const Service& service, Workspace& w) {
    if (service.cycle == 0)
        return no_id;
    w.turns = TurnSearch{service.start,
                         service.cursor_base,
                         service.cycle,
                         service.id,
                         service.set_offset,
                         service.set_offset + service.entries * set_entry_words,
                         service.segments,
                         no_id,
                         0};
    if (step(t, 0, w, w.turns)) // most of the time the first turn will do
        t.walk(service.cycle < most_turns ? static_cast<u32>(service.cycle) - 1 : most_turns - 1, w.turns);
    return w.turns.best;
}

} // namespace bpvs
