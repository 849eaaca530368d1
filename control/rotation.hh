// Rotation: how a round-robin kind of scheduler becomes a table that packets step through.
//
// IPVS's rr and wrr are pointers that walk a list under a lock. Their picks repeat, so here the control
// library works out one round of picks; a packet takes the next position with one atomic increment.
// A Turn is what IPVS's walking machine would remember at a position: with it, the round after a change
// of servers begins exactly where IPVS's machine would go on.
//
// The hashing kinds (sh, dh, mh) have no walk; their table is the buckets, each an index into the list. The kinds
// that look for the least load have groups of servers, twos has the sums of the weights along the list.
#pragma once

#include "control/error.hh"
#include "core/model/service.hh"

#include <span>
#include <vector>

namespace bpvs {

/// Where the walk stands. rr uses last_dest, wrr current_weight; lblc and lblcr have Locality::use there.
struct Turn {
    u32 last_dest = no_id;  ///< list element picked last; no_id: before the first one
    u32 current_weight = 0; ///< IPVS's cw at the last pick
};

/// One round of picks, and the position where it begins; or another kind's table.
struct Rotation {
    u64 cycle = 0;
    u64 start = 0;
    std::vector<Segment> segments; ///< Segment::members is an index into `members` here
    std::vector<LoadGroup> groups; ///< of kinds without segments; LoadGroup::members likewise
    std::vector<u32> members;      ///< destination ids; hashing kinds: the buckets; groups: GroupMembers; twos: sums
};

using Entries = std::span<const SetEntry>;

/// A scheduler as the control library sees it.
struct RotationKind {
    /// The walk of a scheduler newly bound to these servers.
    Turn (*begin)(Entries entries);
    /// The walk of a service in force, after `picks` picks.
    Turn (*now)(const Service& service, Entries entries, u64 picks);
    /// The walk after servers were added, removed or edited.
    Turn (*after_change)(const Turn& turn, Entries before, Entries after);
    /// no_room when the table takes more than `room` words, not_supported when a round is too long.
    Result<Rotation> (*lay_out)(Entries entries, std::span<const Dest> dests, const Turn& turn, u64 room);
};

const RotationKind& rotation_kind(Scheduler scheduler);
extern const RotationKind rr_rotation;
extern const RotationKind wrr_rotation;
extern const RotationKind sh_rotation;
extern const RotationKind dh_rotation;
extern const RotationKind mh_rotation;
extern const RotationKind load_rotation;
extern const RotationKind locality_rotation;
extern const RotationKind twos_rotation;

} // namespace bpvs
