// rr: each server of weight above 0 in turn, in list order, from the one after the server picked last.
// The pointer keeps its list element: a new server at the head waits for the round to end, a removed
// element hands the pointer to the one before it, and weight 0 is only skipped.
#include "control/rotation.hh"

#include <algorithm>

namespace bpvs {
namespace {

std::vector<u32> takers(Entries entries) {
    std::vector<u32> ids;
    for (const SetEntry& e : entries)
        if (e.weight > 0)
            ids.push_back(e.dest);
    return ids;
}

bool lists(Entries entries, u32 dest) {
    return std::ranges::any_of(entries, [&](const SetEntry& e) { return e.dest == dest; });
}

Turn begin(Entries) { return {}; }

Turn now(const Service& service, Entries entries, u64 picks) {
    const u64 taken = picks - service.cursor_base;
    const std::vector<u32> ids = takers(entries);
    if (taken == 0 || ids.empty())
        return {.last_dest = service.last_dest};
    return {.last_dest = ids[(service.start + taken - 1) % ids.size()]};
}

Turn after_change(const Turn& turn, Entries before, Entries after) {
    auto it = std::ranges::find(before, turn.last_dest, &SetEntry::dest);
    if (it == before.end())
        return {};
    for (;; --it) {
        if (lists(after, it->dest))
            return {.last_dest = it->dest};
        if (it == before.begin())
            return {};
    }
}

u64 first_after(Entries entries, u32 last_dest) {
    u64 position = 0;
    for (const SetEntry& e : entries) {
        position += e.weight > 0 ? 1 : 0;
        if (e.dest == last_dest)
            return position;
    }
    return 0;
}

Result<Rotation> lay_out(Entries entries, std::span<const Dest>, const Turn& turn, u64 room) {
    Rotation r{.members = takers(entries)};
    if (r.members.empty())
        return r;
    r.cycle = r.members.size();
    r.start = first_after(entries, turn.last_dest) % r.cycle;
    r.segments.push_back({.first = 0, .count = static_cast<u32>(r.cycle), .members = 0});
    if (segment_words + r.cycle > room)
        return fail(Errc::no_room, "The sequence of the service's servers is longer than the table of words.");
    return r;
}

} // namespace

const RotationKind rr_rotation{begin, now, after_change, lay_out};

} // namespace bpvs
