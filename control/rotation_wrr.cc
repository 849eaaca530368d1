// wrr: a level (IPVS's cw) goes down from the highest weight in steps of the greatest common divisor;
// at each level the servers that weigh at least as much take one turn each, in list order.
//
// With weights divided by the divisor, level k (from 0) is IPVS's cw = k * divisor + 1, and server s takes
// part in levels 0 .. weight(s) - 1. Between two distinct weights the same servers take part: one segment.
// Any change of servers restarts the walk at the head of the list; the level is kept if it still exists.
#include "control/rotation.hh"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace bpvs {
namespace {

u32 divisor(Entries entries) {
    u32 d = 0;
    for (const SetEntry& e : entries)
        d = std::gcd(d, e.weight);
    return d == 0 ? 1 : d;
}

/// Distinct weights above 0, highest first.
std::vector<u32> weights(Entries entries) {
    std::vector<u32> w;
    for (const SetEntry& e : entries)
        if (e.weight > 0)
            w.push_back(e.weight);
    std::ranges::sort(w, std::greater{});
    w.erase(std::ranges::unique(w).begin(), w.end());
    return w;
}

/// A run of levels with the same takers: level top - 1 down to level bottom.
struct Run {
    u64 first; ///< position of its first pick
    u64 count; ///< takers per level
    u32 weight;
    u32 top;
    u32 bottom;
    u64 end() const { return first + u64{top - bottom} * count; }
};

std::vector<Run> runs(Entries entries) {
    const u32 d = divisor(entries);
    const std::vector<u32> w = weights(entries);
    std::vector<u32> all;
    for (const SetEntry& e : entries)
        all.push_back(e.weight);
    std::ranges::sort(all, std::greater{});
    std::vector<Run> result;
    u64 position = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const auto takers = std::ranges::upper_bound(all, w[i], std::greater{}) - all.begin();
        const u32 below = i + 1 < w.size() ? w[i + 1] : 0;
        result.push_back({position, static_cast<u64>(takers), w[i], w[i] / d, below / d});
        position = result.back().end();
    }
    return result;
}

u32 highest_level(Entries entries) {
    const std::vector<u32> w = weights(entries);
    return w.empty() ? 0 : w.front() - (divisor(entries) - 1);
}

Turn begin(Entries entries) { return {.current_weight = highest_level(entries)}; }

Turn now(const Service& service, Entries entries, u64 picks) {
    const u64 taken = picks - service.cursor_base;
    const std::vector<Run> all = runs(entries);
    if (taken == 0 || all.empty())
        return {.current_weight = service.current_weight};
    const u64 position = (service.start + taken - 1) % all.back().end();
    const auto run = std::ranges::find_if(all, [&](const Run& r) { return position < r.end(); });
    const u32 level = run->top - 1 - static_cast<u32>((position - run->first) / run->count);
    return {.current_weight = level * divisor(entries) + 1};
}

Turn after_change(const Turn& turn, Entries, Entries after) {
    const u32 top = highest_level(after);
    const u32 d = divisor(after);
    if (turn.current_weight > top || turn.current_weight == 0)
        return {.current_weight = top};
    return {.current_weight = d > 1 ? turn.current_weight / d * d + 1 : turn.current_weight};
}

u64 first_of_level(const std::vector<Run>& all, u32 level) {
    for (const Run& r : all)
        if (level >= r.bottom)
            return r.first + u64{r.top - 1 - level} * r.count;
    return 0;
}

Result<Rotation> lay_out(Entries entries, std::span<const Dest>, const Turn& turn, u64 room) {
    const std::vector<Run> all = runs(entries);
    Rotation r;
    if (all.empty())
        return r;
    u64 words = 0;
    for (const Run& run : all)
        words += segment_words + run.count;
    if (words > room)
        return fail(Errc::no_room, "The weights differ too much for the table of words; use fewer distinct weights.");
    if (all.back().first > std::numeric_limits<u32>::max())
        return fail(Errc::not_supported, "One round of these weights has more than 4294967295 picks, which is not "
                                         "carried out; use smaller weights.");
    r.cycle = all.back().end();
    const u32 d = divisor(entries);
    r.start = first_of_level(all, (std::max(turn.current_weight, 1u) - 1) / d);
    for (const Run& run : all) {
        r.segments.push_back({.first = static_cast<u32>(run.first),
                              .count = static_cast<u32>(run.count),
                              .members = static_cast<u32>(r.members.size())});
        for (const SetEntry& e : entries)
            if (e.weight >= run.weight)
                r.members.push_back(e.dest);
    }
    return r;
}

} // namespace

const RotationKind wrr_rotation{begin, now, after_change, lay_out};

} // namespace bpvs
