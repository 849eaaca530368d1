// twos: the power of two choices. Two servers are drawn at random in proportion to their weights, and the one with
// fewer connections for its weight takes the connection: nearly as even as wlc, and no herd runs after the same
// least loaded server when many CPUs schedule at once.
//
// The control library adds up the weights along the list; a number is drawn by a binary search in the sums. A server
// that is overloaded takes none: it is drawn anew, and if that happens again and again, or a connection is tried anew,
// two walks over the list add up and draw only from those that can.
#pragma once

#include "core/pipeline/schedulers/list.hh"

namespace bpvs {

template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32 i, const Workspace& w, TwosDraw& s) {
    u32 id = 0;
    u32 weight = 0;
    const u32 at = s.first + i * set_entry_words;
    if (!t.word(at, &id) || !t.word(at + 1, &weight))
        return false;
    const Dest* d = t.dest(id);
    if (!d)
        return false;
    if (weight == 0 || d->overloaded || has_tried(w.tried, id))
        return true;
    if (!s.drawing) {
        s.total += weight;
        return true;
    }
    for (u32 k = 0; k < 2; k++) {
        s.left[k] -= weight;
        if (s.left[k] <= 0 && s.dest[k] == no_id) {
            s.dest[k] = id;
            s.weight[k] = weight;
            s.load[k] = overhead(*d);
        }
    }
    return true;
}

constexpr u32 most_draws = 8;
constexpr u32 longest_sums_log2 = 17;

/// The place of the first server at which the sum of the weights is at least `number`; of none: the list's length.
template <class T>
[[gnu::always_inline]] inline u32 place_of_sum(T& t, const SumDraw& s, u32 number) {
    u32 low = 0;
    u32 high = s.entries;
    for (u32 i = 0; i < longest_sums_log2 && low < high; i++) {
        const u32 middle = low + (high - low) / 2;
        u32 sum = 0;
        if (!t.word(s.list + s.entries * set_entry_words + middle, &sum))
            return s.entries;
        if (sum < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/// Draws a server. False: two are drawn.
template <class T>
[[gnu::always_inline]] inline bool step(T& t, u32, const Workspace&, SumDraw& s) {
    const u32 number = t.random() % (s.total + 1); // 0 … total, as IPVS: the first has one more chance
    const u32 place = place_of_sum(t, s, number == 0 ? 1 : number);
    Listed listed{};
    if (place >= s.entries || !read_listed(t, s.list, place, listed))
        return false;
    const Dest* d = t.dest(listed.id);
    if (!d)
        return false;
    if (d->overloaded)
        return true;
    const Least drawn{listed.id, place, overhead(*d), listed.weight};
    if (s.first.id == no_id) {
        s.first = drawn;
        return true;
    }
    s.second = drawn;
    return false;
}

/// The better one of two servers drawn from the sums; no_id: servers that can take a connection are rare.
template <class T>
[[gnu::always_inline]] inline u32 draw_from_sums(T& t, const Service& service, Workspace& w) {
    SumDraw& s = w.sums;
    s = SumDraw{service.set_offset, service.entries, static_cast<u32>(service.cycle), 0, nobody, nobody};
    t.walk(most_draws, s);
    if (s.second.id == no_id)
        return no_id;
    return s.first.load * s.second.share > s.second.load * s.first.share ? s.second.id : s.first.id;
}

template <class T>
[[gnu::always_inline]] inline u32 best_of_two(T& t, const Service& service, Workspace& w) {
    if (service.cycle != 0 && w.tried.count == 0)
        if (const u32 id = draw_from_sums(t, service, w); id != no_id)
            return id;
    TwosDraw& draw = w.draw;
    draw.first = service.set_offset;
    draw.drawing = 0;
    draw.total = 0;
    t.walk(service.entries, draw);
    if (draw.total == 0)
        return no_id;
    draw.drawing = 1;
    for (u32 k = 0; k < 2; k++) {
        draw.left[k] = static_cast<s64>(t.random() % (draw.total + 1)); // 0 … total, as IPVS
        draw.dest[k] = no_id;
    }
    t.walk(service.entries, draw);
    const bool second = draw.load[0] * draw.weight[1] > draw.load[1] * draw.weight[0];
    return draw.dest[second ? 1 : 0];
}

} // namespace bpvs
