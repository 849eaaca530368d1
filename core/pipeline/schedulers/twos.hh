// twos: the power of two choices. Two servers are drawn at random in proportion to their weights, and the one with
// fewer connections for its weight takes the connection: nearly as even as wlc, and no herd runs after the same
// least loaded server when many CPUs schedule at once.
//
// Cost: two walks over the list.
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

template <class T>
[[gnu::always_inline]] inline u32 best_of_two(T& t, const Service& service, Workspace& w) {
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
