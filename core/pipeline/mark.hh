// Marks: what the rules of `bpvs mark` make of a packet's mark. One longest-prefix lookup and one bounded search,
// however many rules there are (control/mark_compile.hh works everything else out beforehand).
#pragma once

#include "core/pipeline/env.hh"

namespace bpvs {

/// n rules cut the ports into at most 2n + 1 stretches.
constexpr int max_mark_stretches_log2 = 12;
static_assert(2 * max_mark_rules + 1 <= 1u << max_mark_stretches_log2);

/// The mark that the elements of `range` give a packet to `port`; `mark` if none holds it.
template <class T>
[[gnu::always_inline]] inline u32 mark_of_port(T& t, const MarkRange& range, u16 port, u32 mark) {
    u32 low = range.offset;
    u32 high = range.offset + range.count;
    MarkPorts at{};
    for (int step = 0; step < max_mark_stretches_log2 && high - low > 1; step++) {
        const u32 middle = low + (high - low) / 2;
        if (!t.mark_ports(middle, &at))
            return mark;
        if (at.first <= port)
            low = middle;
        else
            high = middle;
    }
    const bool found = t.mark_ports(low, &at) && at.first <= port && port <= at.last;
    return found ? at.mark : mark;
}

/// The mark of a packet of `flow` that came with `mark`.
template <class T>
[[gnu::always_inline]] inline u32 mark_by_rules(T& t, const Config& config, const Flow& flow, u32 mark) {
    if (config.marks.rules == 0)
        return mark;
    MarkPrefix key{};
    key.bits = mark_prefix_bits + (flow.family == Family::v6 ? 128 : 32);
    key.generation = config.marks.generation;
    key.protocol = flow.protocol;
    key.family = flow.family;
    key.destination = flow.daddr;
    const MarkRange* range = t.find_mark_prefix(key);
    return range ? t.search_ports(*range, from_be16(flow.dport), mark) : mark;
}

/// The packet's mark after the rules. It stays on the packet, whoever takes it: routes by mark see it.
template <class E>
[[gnu::always_inline]] inline u32 mark_packet(E& e, const Config& config, const net::Packet& p) {
    const u32 before = e.mark();
    const u32 mark = mark_by_rules(e, config, p.flow, before);
    if (mark != before)
        e.set_mark(mark);
    return mark;
}

} // namespace bpvs
