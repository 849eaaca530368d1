// How connections are found by their packets: the layout of the maps `flows` and `more_flows`.
//
// `flows` is a hash table of buckets, one line of cache each. An entry says which slot of `conns` a tuple may belong
// to; whether it does, the slot itself says, so no tuple is stored twice. What finds no room in its bucket is in
// `more_flows`.
#pragma once

#include "core/model/types.hh"

namespace bpvs {

/// A packet's tuple as it arrives, either direction, of either family. Key of `more_flows`.
struct Flow {
    Address saddr;
    Address daddr;
    Be16 sport;
    Be16 dport;
    IpProto protocol;
    Family family;
    u16 kind; ///< 0: of packets; 1: a template's
};
static_assert(sizeof(Flow) == 40);

/// Whose tuple it is. Value of `more_flows`.
struct FlowTarget {
    u32 conn;  ///< index into `conns`; no_id: nobody's
    u32 reply; ///< 0: request direction, 1: reply direction
};

constexpr u32 bucket_entries = 7;

/// Value of `flows`.
struct FlowBucket {
    u32 more; ///< how many tuples of this bucket are in `more_flows`, changed atomically
    u32 reserved;
    u64 entries[bucket_entries]; ///< 0: free; otherwise as FlowEntry says. Changed from 0 by compare-and-swap
};
static_assert(sizeof(FlowBucket) == 64);

/// Buckets and elements of `more_flows` for so many connections, two tuples each. With four tuples to seven entries,
/// one tuple in fifty finds its bucket full when all connections are in use.
constexpr u32 flow_buckets(u32 connections) { return connections / 2 + 1; }
constexpr u32 more_flows(u32 connections) { return connections / 16 + 256; }

/// The keys of the hash, two for each product: drawn at random when the director comes up, so that nobody outside can
/// choose tuples that meet in one bucket.
constexpr u32 flow_key_words = 10;

} // namespace bpvs
