// The kinds that ask what servers carry: which servers are looked at together, and the sums that twos draws from.
// core/pipeline/schedulers/groups.hh and twos.hh look them up.
#include "control/rotation.hh"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace bpvs {
namespace {

Turn no_walk(Entries) { return {}; }
Turn still(const Service&, Entries, u64) { return {}; }
Turn unmoved(const Turn&, Entries, Entries) { return {}; }

/// Groups are worth their while where they have many servers each: ids may lie scattered. What does not fit does
/// without.
Result<Rotation> groups(Entries entries, std::span<const Dest> dests, const Turn&, u64 room) {
    constexpr std::size_t most = std::size_t{1} << most_member_bits;
    if (entries.size() <= 2 * std::size_t{group_servers} || dests.size() > most)
        return Rotation{};
    std::vector<GroupMember> members;
    for (const SetEntry& e : entries)
        members.push_back({.dest = e.dest, .place = static_cast<u32>(members.size()), .weight = e.weight});
    std::ranges::sort(members, {}, [](const GroupMember& m) { return std::pair(group_of(m.dest), m.place); });

    Rotation r;
    for (const GroupMember& m : members) {
        const u32 group = group_of(m.dest);
        if (r.groups.empty() || r.groups.back().group != group)
            r.groups.push_back({.group = group, .count = 0, .members = static_cast<u32>(r.members.size())});
        r.groups.back().count++;
        const u64 word = member_word(m);
        r.members.insert(r.members.end(), {static_cast<u32>(word), static_cast<u32>(word >> 32)});
    }
    constexpr u32 heaviest = 1u << (64 - 2 * most_member_bits);
    const bool fits = std::ranges::all_of(entries, [](const SetEntry& e) { return e.weight < heaviest; });
    const bool worth_it = r.groups.size() * group_servers / 4 <= entries.size();
    return fits && worth_it && r.groups.size() * load_group_words + r.members.size() <= room ? r : Rotation{};
}

Result<Rotation> sums(Entries entries, std::span<const Dest>, const Turn&, u64 room) {
    Rotation r;
    for (const SetEntry& e : entries)
        r.members.push_back(static_cast<u32>(r.cycle += e.weight));
    const bool fits = r.members.size() <= room && r.cycle < std::numeric_limits<u32>::max();
    return r.cycle != 0 && fits ? r : Rotation{};
}

} // namespace

const RotationKind load_rotation{no_walk, still, unmoved, groups};
const RotationKind twos_rotation{no_walk, still, unmoved, sums};

/// They remember addresses, for as long as the service has them. The number is only to be another each time.
const RotationKind locality_rotation{
    .begin = [](Entries) { return Turn{.current_weight = std::random_device{}()}; },
    .now = [](const Service& service, Entries, u64) { return Turn{.current_weight = service.current_weight}; },
    .after_change = [](const Turn& turn, Entries, Entries) { return turn; },
    .lay_out = groups,
};

} // namespace bpvs
