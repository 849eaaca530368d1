// The hashing kinds: which bucket belongs to which server. core/pipeline/schedulers/hash.hh looks them up.
#include "control/rotation.hh"
#include "core/model/hashes.hh"

#include <algorithm>
#include <bit>
#include <numeric>

namespace bpvs {
namespace {

Turn no_walk(Entries) { return {}; }
Turn still(const Service&, Entries, u64) { return {}; }
Turn unmoved(const Turn&, Entries, Entries) { return {}; }

Result<Rotation> buckets(std::vector<u32> members, u64 room) {
    if (members.size() > room)
        return fail(Errc::no_room, "The buckets of the scheduler do not fit into the table of words.");
    return Rotation{.cycle = members.size(), .start = 0, .segments = {}, .members = std::move(members)};
}

/// Servers in the list's order, each as many buckets in a row as `share` says, again and again.
template <class Share>
Result<Rotation> deal(Entries entries, u64 room, Share share) {
    std::vector<u32> members;
    for (u32 at = 0; !entries.empty() && members.size() < hash_buckets;
         at = (at + 1) % static_cast<u32>(entries.size()))
        members.insert(members.end(), std::min<std::size_t>(share(entries[at]), hash_buckets - members.size()), at);
    return buckets(std::move(members), room);
}

Result<Rotation> deal_by_weight(Entries entries, std::span<const Dest>, const Turn&, u64 room) {
    return deal(entries, room, [](const SetEntry& e) { return std::max(e.weight, 1u); });
}

Result<Rotation> deal_one_each(Entries entries, std::span<const Dest>, const Turn&, u64 room) {
    return deal(entries, room, [](const SetEntry&) { return 1u; });
}

/// A server's walk through the buckets (Eisenbud and others, "Maglev", NSDI 2016).
struct Permutation {
    u32 entry;
    u32 at;
    u32 skip;
    u32 turns; ///< buckets per round, in proportion to the weight
};

std::vector<Permutation> permutations(Entries entries, std::span<const Dest> dests) {
    u32 divisor = 0;
    u32 highest = 0;
    for (const SetEntry& e : entries) {
        divisor = std::gcd(divisor, e.last_weight);
        highest = std::max(highest, e.last_weight);
    }
    std::vector<Permutation> all;
    if (divisor == 0)
        return all;
    // IPVS keeps at most 64 turns a round.
    const int excess = static_cast<int>(std::bit_width(highest / divisor)) - 6;
    const u32 shift = static_cast<u32>(std::max(excess, 0));
    for (u32 i = 0; i < entries.size(); ++i) {
        const SetEntry& e = entries[i];
        if (e.last_weight == 0)
            continue;
        const Dest& d = dests[e.dest];
        const u32 number = fold_address(d.addr) + from_be16(d.port);
        all.push_back({.entry = i,
                       .at = maglev_bucket(number),
                       .skip = sip_hash(number, maglev_skip_key) % (maglev_buckets - 1) + 1,
                       .turns = std::max(e.last_weight / divisor >> shift, 1u)});
    }
    return all;
}

Result<Rotation> maglev(Entries entries, std::span<const Dest> dests, const Turn&, u64 room) {
    std::vector<Permutation> all = permutations(entries, dests);
    if (all.empty())
        return Rotation{};
    constexpr u32 nobody = no_id;
    std::vector<u32> members(maglev_buckets, nobody);
    for (u32 filled = 0; filled < maglev_buckets;)
        for (Permutation& p : all)
            for (u32 turn = 0; turn < p.turns && filled < maglev_buckets; ++turn, ++filled) {
                while (members[p.at] != nobody)
                    p.at = (p.at + p.skip) % maglev_buckets;
                members[p.at] = p.entry;
            }
    return buckets(std::move(members), room);
}

} // namespace

const RotationKind sh_rotation{no_walk, still, unmoved, deal_by_weight};
const RotationKind dh_rotation{no_walk, still, unmoved, deal_one_each};
const RotationKind mh_rotation{no_walk, still, unmoved, maglev};

} // namespace bpvs
