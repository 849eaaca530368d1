// What a choice of a server, or a reset, works on. It is too much for a program's stack, so each CPU has one; a packet
// is treated without being interrupted by another of its CPU.
#pragma once

#include "core/model/conn.hh"
#include "core/model/service.hh"
#include "core/net/parse.hh"
#include "core/net/segment.hh"

namespace bpvs {

/// How many destinations are tried when reply tuples collide.
constexpr u32 schedule_tries = 4;

/// Destinations that cannot take this connection.
struct Tried {
    u32 ids[schedule_tries];
    u32 count;
};

[[gnu::always_inline]] inline bool has_tried(const Tried& tried, u32 id) {
    bool found = false;
    for (u32 i = 0; i < schedule_tries; i++)
        found |= i < tried.count && tried.ids[i] == id;
    return found;
}

/// What a scheduler calls the load of a server, and when the server takes a connection. Without a branch for each kind:
/// it is asked about many servers.
struct Measure {
    u32 active; ///< what an active connection adds
    u32 inactive;
    u32 idle;      ///< what is there without an active connection
    u32 busy;      ///< what is there with one
    u32 weighted;  ///< 1: all of it divided by the weight
    u32 most;      ///< it takes one as long as active connections times this,
    u32 gap;       ///< and this, are no more than its weight,
    u32 threshold; ///< and, if 1, while it is not overloaded; a server of weight 0 never does
};

/// The best server yet.
struct Least {
    u32 id;    ///< of the destination; no_id: none yet
    u32 place; ///< in the list
    u64 load;  ///< to be divided by
    u64 share;
};
constexpr Least nobody{no_id, no_id, 1, 0}; ///< worse than any

/// A walk over a service's list.
struct ListSearch {
    u32 list; ///< word of the first SetEntry
    u32 any;  ///< 1: also one that was tried
    Least best;
};

/// A walk over a service's groups.
struct GroupSearch {
    u32 list;    ///< word of the first SetEntry
    u32 at;      ///< word of the LoadGroup it is at
    u32 members; ///< word of its first GroupMember
    u32 memory;  ///< word of a LoadGroup that remembers what such a search found
    u32 count;   ///< of its members
    u32 changes; ///< what its loads are known for, as LoadGroup
    u32 least;   ///< its least loaded member, as LoadGroup::least
    u32 spare;
    Least of_group;
    Least best;
};

/// A walk over a service's buckets, from the one of `number` on.
struct BucketSearch {
    u32 list;    ///< word of the first SetEntry
    u32 buckets; ///< word of the first bucket
    u32 number;  ///< what is hashed
    u32 start;   ///< its bucket
    u32 best;    ///< destination id; no_id: none yet
    Scheduler scheduler;
    u8 reserved[3];
};

/// A walk over a set for its least or most loaded server.
struct MemberSearch {
    u32 list; ///< word of the first SetEntry
    u32 entries;
    u32 side; ///< as Service
    u32 most; ///< 0: the least loaded, 1: the most loaded
    u32 best; ///< destination id; no_id: none yet
    u32 weight;
    u32 whole; ///< 0: of lblc, whose one server is not asked whether it is overloaded, as in IPVS
    u64 load;
};

/// A walk that draws: the servers at whose weight the two random numbers run out.
struct TwosDraw {
    u32 first;   ///< word of the first SetEntry
    u32 drawing; ///< 0: the weights are being added up
    u64 total;   ///< of the weights
    s64 left[2]; ///< of each random number
    u32 dest[2]; ///< what it drew; no_id: nothing yet
    u32 weight[2];
    u64 load[2];
};

/// Drawing from sums of the weights, which lie behind the list.
struct SumDraw {
    u32 list; ///< word of the first SetEntry
    u32 entries;
    u32 total; ///< of the weights
    u32 spare;
    Least first;
    Least second; ///< share: its weight
};

/// Turns of a round-robin sequence, one after the other, until a server can take a connection.
struct TurnSearch {
    u64 start; ///< as Service
    u64 cursor_base;
    u64 cycle;
    u32 cursor; ///< service id
    u32 block;  ///< word of the first SetEntry
    u32 table;  ///< word of the first Segment
    u32 segments;
    u32 best; ///< destination id; no_id: none yet
    u32 spare;
};

/// What the ends of a connection are reset with, in answer to a packet.
struct ResetWork {
    u32 conn;
    u32 ends;                 ///< as ResetEnds
    u32 from_client;          ///< 1: the packet is
    u32 family;               ///< of the packet
    u32 l4;                   ///< offset of its TCP header
    u32 payload;              ///< bytes behind that
    net::Segment segments[2]; ///< to whom the packet is from, to whom it is for
    net::Headers headers;     ///< of the one that is being sent
    u32 sum_left;             ///< 1: the device sums them up
};

/// The server that a connection had which gives way to another.
struct GivenWay {
    u32 dest;  ///< id; no_id: there was none
    u16 flags; ///< the connection's, as it was counted
};

/// A packet that no connection is known for.
struct Request {
    Flow flow;
    net::PacketInfo info;
    u32 mark;
    u32 opening; ///< as Opening
    GivenWay left;
    u32 conn; ///< that is opened for it; no_id: none
};

struct Workspace {
    Request request;
    Tried tried;
    Flow template_key;
    Flow tuple;    ///< that flows.hh works on
    Flow reply;    ///< of the connection that is being opened
    Flow outside;  ///< of an ICMP error: the packet
    Flow quoted;   ///< what it quotes
    Flow opposite; ///< that one's other direction
    ServiceKey service;
    LocalityKey key;
    Locality set;
    Measure by; ///< of the next two
    ListSearch list;
    GroupSearch groups;
    BucketSearch buckets;
    MemberSearch members;
    TwosDraw draw;
    SumDraw sums;
    TurnSearch turns;
    ResetWork reset;
};

template <class A, class B>
concept Same = __is_same(A, B);

/// What the schedulers ask of the tables.
template <class T>
concept Chooses = requires(T& t, u32 count, const LocalityKey& key, const Locality& set, const Service& service,
                           Cursor& cursor, const Flow& flow, Workspace& w) {
    { t.find_locality(key) } -> Same<const Locality*>;
    { t.put_locality(key, set) };
    { t.random() } -> Same<u32>;
    { t.workspace() } -> Same<Workspace*>; // of this CPU
    // step(t, i, workspace, search) for i in [0, count) until it returns false
    { t.walk(count, w.list) };
    { t.walk(count, w.groups) };
    { t.walk(count, w.buckets) };
    { t.walk(count, w.members) };
    { t.walk(count, w.draw) };
    { t.walk(count, w.sums) };
    { t.walk(count, w.turns) };
    { t.look_at_group() }; // of groups.hh, in Workspace::groups
    // schedulers/choose.hh, as far from the packet's own path as the world can make it
    { t.choose(service, flow) } -> Same<u32>;
    // persistence.hh, in the same way
    { t.hold_template(service, flow) } -> Same<u32>;
    { t.prepare_template(service, flow, count) } -> Same<u32>;
};

} // namespace bpvs
