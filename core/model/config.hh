// Director-wide settings and table state: the layout of the maps `config` and `table`.
#pragma once

#include "core/model/conn.hh"
#include "core/model/mark.hh"
#include "core/model/settings.hh"
#include "core/model/types.hh"

namespace bpvs {

/// Changes whenever a map's layout or meaning does; a program only adopts maps of its own layout.
constexpr u32 layout_version = 4;

/// Which services are in force. One aligned 8-byte store flips both fields at once.
struct InForce {
    u32 generation; ///< ServiceKey::generation
    u32 enabled;    ///< 0: no service is configured, the director is inert (as IPVS)
};

/// What kinds of services there may be. Bits of Offered::kinds.
enum ServiceKind : u32 {
    one_port_kind = 0,
    wide_kind = 1, ///< on all ports, or a persistent one of FTP
    mark_kind = 2, ///< by firewall mark
};

/// What services there may be, so that a packet to none of them is known without a search: their ServiceKinds, and of
/// those by address and port two bits each, which others may share. With 10,000 services two packets of a hundred to
/// none of them find both bits set.
struct Offered {
    u32 kinds;
    u32 ports[4096]; ///< by offered_bits()
};

struct OfferedBits {
    u32 first;
    u32 second;
};

[[gnu::always_inline]] constexpr OfferedBits offered_bits(const Address& vip, Be16 vport) {
    const u32 address = static_cast<u32>(vip.word[0]) ^ static_cast<u32>(vip.word[1]) ^ static_cast<u32>(vip.word[2]) ^
                        static_cast<u32>(vip.word[3]);
    const u32 hash = (address ^ static_cast<u32>(vport) << 8) * 0x9e3779b1u;
    return {hash >> 15, (hash ^ hash >> 16) * 0x85ebca6bu >> 15};
}
static_assert(1u << (32 - 15) == sizeof(Offered::ports) * 8);

[[gnu::always_inline]] inline bool has_bit(const Offered& o, u32 bit) {
    return (o.ports[bit >> 5 & 4095] >> (bit & 31) & 1) != 0;
}

[[gnu::always_inline]] inline bool may_offer(const Offered& o, const Address& vip, Be16 vport) {
    const OfferedBits bits = offered_bits(vip, vport);
    return has_bit(o, bits.first) && has_bit(o, bits.second);
}

/// The only element of `config`. Written by the control library under its lock, read by packets.
struct Config {
    u32 layout;  ///< layout_version
    u32 version; ///< of the loaded program: major << 16 | minor << 8 | patch
    u64 build;   ///< hash of the loaded object: another build of one version differs
    InForce in_force;
    MarksInForce marks;
    u32 hz;                    ///< jiffies per second
    u32 dirty;                 ///< 1 while a command changes more than one element; see control
    u32 timeouts[state_count]; ///< seconds, by State
    u32 connections;           ///< capacity of `conns`
    u32 max_dests;             ///< capacity of `dests`
    u32 max_services;          ///< capacity of `cursors`
    u32 max_words;             ///< capacity of `words`
    u32 used_dests;            ///< ids below this may be in use: bound of the estimator's walk
    u32 used_services;
    Offered offered;
    u32 buckets;                   ///< of `flows`
    u32 flow_keys[flow_key_words]; ///< of its hash
    Settings settings;
};

/// What attaching did to an interface; value of `attached`, by interface index.
struct Attachment {
    u32 created_qdisc; ///< 1: the clsact qdisc is ours to remove
    u32 tcx;           ///< 1: the programs are at the tcx hooks, not at the qdisc
};

/// The only element of `table`: state of the connection table, changed by packets and timers.
struct Table {
    u32 high_water;     ///< slots of `conns` below this have been used at least once
    u32 live;           ///< connections alive now
    u32 sweep_cursor;   ///< next slot the sweep looks at
    u32 rate_cursor;    ///< next id the estimator looks at
    u32 drop_countdown; ///< drop_packet: new connections until the next one is dropped
    u32 held;           ///< connections that have ended and are held
    u64 now;            ///< jiffies64 when the `bpvs_clock` program last ran (user space's clock)
};

} // namespace bpvs
