// Virtual services, their destinations and the compiled destination sets: the layout of the maps
// `services`, `dests`, `words`, `cursors`, `counters`, `rates`.
//
// A service's configuration is seen whole or not at all. It is one `services` element; that element
// points into `words`, where the control library has written, beforehand and in unused space, the
// list of destinations (SetEntry, newest first, as IPVS keeps them) and the scheduler's table.
// Replacing the element is the commit. Run-time state that must survive a change lives in arrays
// indexed by stable ids: `cursors[service id]`, `dests[destination id]`, `counters`, `rates`.
#pragma once

#include "core/model/types.hh"

namespace bpvs {

/// Schedulers by ipvsadm's names. The numbers are part of the map layout.
enum class Scheduler : u8 {
    none = 0,
    rr = 1,
    wrr = 2,
    lc = 3,
    wlc = 4,
    lblc = 5,
    lblcr = 6,
    dh = 7,
    sh = 8,
    sed = 9,
    nq = 10,
    fo = 11,
    ovf = 12,
    mh = 13,
    twos = 14,
};

/// Persistence engines (--pe).
enum class Engine : u8 { none = 0, sip = 1 };

/// Forwarding methods, numbered as IP_VS_CONN_F_FWD_MASK (linux/ip_vs.h).
enum class Forward : u8 { masq = 0, local = 1, tunnel = 2, route = 3 };

/// Key of `services`. Only elements with the generation named in Config are in force; a flush or a
/// restore of a whole file flips the generation, and so is seen as one change.
struct ServiceKey {
    Address vip;
    u32 fwmark;     ///< 0: by address
    u32 generation; ///< Config::generation
    Be16 vport;
    IpProto protocol;
    Family family;
};

/// Value of `services`.
struct Service {
    u32 id; ///< index into `cursors`, and into `counters`/`rates` after the destinations
    Scheduler scheduler;
    u8 flags; ///< ServiceFlag
    Engine engine;
    u8 side;         ///< which of Dest::place is of this block
    u32 sched_flags; ///< as ipvsadm -b
    u32 persistence; ///< seconds; 0: not persistent
    u32 netmask;     ///< persistence granularity (network byte order mask, or IPv6 prefix length)
    u32 set_offset;  ///< first word in `words` of this service's block
    u32 set_words;   ///< length of the block in words
    u32 entries;     ///< number of SetEntry at the block's start
    u32 segments;    ///< number of Segment (round-robin kinds) or LoadGroup (least-connection kinds) after the entries
    u32 fwmark;      ///< as the key's
    Be16 vport;      ///< as the key's
    u16 reserved2;
    u32 drain;          ///< --drain: what becomes of connections when a server goes, see below
    u64 cycle;          ///< length of one round of the sequence; 0: nothing to choose from. twos: sum of the weights
    u64 start;          ///< position in the round at which the sequence begins, in [0, cycle)
    u64 cursor_base;    ///< value of cursors[id] that corresponds to `start`
    u32 last_dest;      ///< rr: destination chosen last when the block was built (no_id: none)
    u32 current_weight; ///< wrr: IPVS's cw when the block was built. lblc, lblcr: Locality::use
};

enum ServiceFlag : u8 { service_one_packet = 1, service_idle_reset = 2 };

/// Service::drain: for how many seconds connections go on when their server gets weight 0 or is removed, and 1; then
/// they are over. Without one they go on at weight 0, and what removal means is the setting reset_removed's to say.
constexpr u32 drain_unset = 0, drain_reset = 1, drain_finish = 0xffffffffu;

/// One destination of a service as configured. Stored in `words`, SetEntry words each.
struct SetEntry {
    u32 dest; ///< index into `dests`
    u32 weight;
    u32 upper; ///< connection thresholds -x and -y; 0: none
    u32 lower;
    u32 method; ///< Forward
    u32 tunnel; ///< type and flags of -i
    u32 tunnel_port;
    u32 last_weight; ///< the last one above 0: mh keeps the buckets of a server that is quiesced
};
constexpr u32 set_entry_words = 8;

/// A stretch of a round-robin sequence during which the same destinations take turns: positions
/// [first, next segment's first) choose words[members + (position - first) % count].
/// Stored in `words` right after the entries; `members` is relative to Service::set_offset.
struct Segment {
    u32 first;
    u32 count;
    u32 members;
};
constexpr u32 segment_words = 3;

/// Destinations with neighbouring ids are a group. Value of `load_changes`, by group: how often a count that load is
/// made of has changed, or whether a server is overloaded; changed atomically, after the change.
using LoadChanges = u64;
constexpr u32 group_servers = 32;
constexpr u32 group_of(u32 dest) { return dest / group_servers; }
constexpr u32 load_groups(u32 dests) { return dests / group_servers + 1; }

/// The servers of one group that a service lists. Stored in `words` right after the entries; nothing is where few
/// servers are, or too many groups. See core/pipeline/schedulers/groups.hh.
struct LoadGroup {
    u32 group;
    u32 count;   ///< of servers
    u32 members; ///< where its GroupMembers begin, in the list's order; relative to Service::set_offset
    u32 reserved;
    u64 least; ///< written by packets: its LoadChanges then, and which member is the least loaded
    u64 idle;  ///< likewise: of one that is half idle
};
constexpr u32 load_group_words = 8;

/// One of them: what a SetEntry says, in one word of 64 bits.
struct GroupMember {
    u32 dest;   ///< id, below 2^24
    u32 place;  ///< in the list, below 2^24
    u32 weight; ///< below 2^16
};
constexpr u32 group_member_words = 2;
constexpr u32 most_member_bits = 24;
constexpr u64 member_word(const GroupMember& m) {
    return m.dest | u64{m.place} << most_member_bits | u64{m.weight} << 2 * most_member_bits;
}
constexpr GroupMember member_of(u64 word) {
    constexpr u32 mask = (1u << most_member_bits) - 1;
    return {static_cast<u32>(word) & mask, static_cast<u32>(word >> most_member_bits) & mask,
            static_cast<u32>(word >> 2 * most_member_bits)};
}

/// Value of `dests`: identity and live counts of one destination. A record is in use as long as a
/// service lists it or a connection counts on it; a removed server that is added again while
/// connections live takes its old record, and its counters, back.
struct Dest {
    Address addr;
    Address vip; ///< identity of the service, kept after the server is removed from it
    u32 fwmark;
    Be16 port;
    Be16 vport;
    IpProto protocol;
    Family family;      ///< of the service
    u8 flags;           ///< DestFlag, as configured
    Family addr_family; ///< of `addr`: a tunnel may lead to a server of the other family
    u32 service;        ///< id of the service that lists it; no_id: removed
    u32 active;         ///< IPVS's ActiveConn, changed atomically
    u32 inactive;       ///< IPVS's InActConn
    u32 persistent;     ///< IPVS's PersistConn
    u32 overloaded;     ///< 1: its connections reached `upper`; packets set and clear it
    u32 upper;          ///< -x, connections; 0: no threshold
    u32 lower;          ///< -y
    u32 drain;          ///< its service's, kept after the server is removed from it
    u32 reserved;
    u64 drained;  ///< jiffies64 at which its connections are over; 0: they go on
    u32 place[2]; ///< in the list, by Service::side; true where that list has its id there
};
static_assert(sizeof(Dest) == 96);

enum DestFlag : u8 {
    dest_quiesced = 1,   ///< its weight is 0
    dest_idle_reset = 2, ///< its service's
};

/// Key of `servers`: a real server as its packets name it. The value: how many services list it.
struct ServerKey {
    Address addr;
    Be16 port;
    IpProto protocol; ///< none: of a service by mark, any
    Family family;
};
static_assert(sizeof(ServerKey) == 20);

/// Value of `cursors`, by service id: scheduling state that packets change atomically.
struct Cursor {
    u64 picks; ///< number of positions ever taken from the service's sequence
};

/// Key of `localities`: lblc and lblcr remember where the connections to an address went.
struct LocalityKey {
    Address daddr;
    u32 service; ///< id
};
static_assert(sizeof(LocalityKey) == 20);

/// Servers that an address of lblcr can have at once.
constexpr u32 locality_members = 8;

/// Value of `localities`.
struct Locality {
    u64 used;     ///< jiffies64 of the last connection
    u64 modified; ///< jiffies64 when the set changed
    u32 use;      ///< of the service's scheduler, drawn when -A or -E named it: another one knows nothing of this
    u32 count;
    u32 dests[locality_members]; ///< destination ids in the order of joining
};
static_assert(sizeof(Locality) == 56);

/// Value of `counters` (per CPU), index = destination id, or max_dests + service id.
/// Bytes count IP total length, as IPVS.
struct Counters {
    u64 conns;
    u64 in_packets;
    u64 out_packets;
    u64 in_bytes;
    u64 out_bytes;
};

/// Value of `rates`, same index as `counters`: IPVS's estimator. Each is a moving average,
/// r += (sample - r) / 4 every two seconds, scaled: conns and packets by 2^10, bytes by 2^5.
struct Rates {
    Counters last; ///< totals at the previous sample
    u64 cps;
    u64 in_pps;
    u64 out_pps;
    u64 in_bps;
    u64 out_bps;
};

} // namespace bpvs
