// Rules that mark packets: the layout of the maps `mark_rules`, `mark_prefixes`, `mark_ports`.
//
// The list as it was entered is in `mark_rules`. Packets use what the control library compiled from it:
// the longest prefix in `mark_prefixes` that holds a packet's destination names a stretch of `mark_ports`,
// in which everything that rules of shorter prefixes say about its addresses is already worked in.
//
// A change builds the next generation beside the one in force and commits with one store to
// Config::marks. Rules and ports of a generation lie in the half of their map that its lowest bit names;
// prefixes have it in their key.
#pragma once

#include "core/model/types.hh"

namespace bpvs {

/// Rules of one list, and stretches of ports that they may come to.
constexpr u32 max_mark_rules = 1024;
constexpr u32 max_mark_ports = 65536;
/// Prefixes of two lists, for TCP, UDP and SCTP each.
constexpr u32 max_mark_prefixes = 6 * max_mark_rules;

/// Which list is in force; part of Config. One aligned 8-byte store flips both fields at once.
struct MarksInForce {
    u32 generation;
    u32 rules; ///< number of them; 0: no packet is looked at
};

/// Value of `mark_rules`. Of all rules that match a packet, the last one of the list sets its mark.
struct MarkRule {
    Address destination; ///< bits beyond `length` are zero
    u32 mark;
    u16 first_port; ///< host byte order, both inclusive
    u16 last_port;
    u8 length;        ///< of the prefix, bits
    IpProto protocol; ///< none: TCP, UDP and SCTP
    Family family;
    u8 reserved;
    u32 spare;
};
static_assert(sizeof(MarkRule) == 32);

/// Key of `mark_prefixes`, a longest prefix match whose first bits are always compared in full.
struct MarkPrefix {
    u32 bits; ///< mark_prefix_bits + length of the prefix
    u32 generation;
    IpProto protocol;
    Family family;
    u8 reserved[2];
    Address destination;
};
static_assert(sizeof(MarkPrefix) == 28);
/// Bits of MarkPrefix between `bits` and `destination`.
constexpr u32 mark_prefix_bits = 64;

/// Value of `mark_prefixes`: elements of `mark_ports` in order of their ports.
struct MarkRange {
    u32 offset;
    u32 count;
};

/// Value of `mark_ports`. Packets to a port that no element of the range holds keep their mark.
struct MarkPorts {
    u16 first; ///< host byte order, both inclusive
    u16 last;
    u32 mark;
};
static_assert(sizeof(MarkPorts) == 8);

/// Where the half of a generation begins.
[[gnu::always_inline]] constexpr u32 mark_rules_at(u32 generation) { return (generation & 1) * max_mark_rules; }
[[gnu::always_inline]] constexpr u32 mark_ports_at(u32 generation) { return (generation & 1) * max_mark_ports; }

} // namespace bpvs
