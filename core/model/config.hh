// Director-wide settings and table state: the layout of the maps `config` and `table`.
#pragma once

#include "core/model/conn.hh"
#include "core/model/mark.hh"
#include "core/model/settings.hh"
#include "core/model/types.hh"

namespace bpvs {

/// Changes whenever a map's layout or meaning does; a program only adopts maps of its own layout.
constexpr u32 layout_version = 3;

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
/// those by address and port one bit each, which others may share.
struct Offered {
    u32 kinds;
    u32 ports[128]; ///< by offered_bit()
};
constexpr u32 offered_bits = 128 * 32;

[[gnu::always_inline]] constexpr u32 offered_bit(const Address& vip, Be16 vport) {
    const u32 address = static_cast<u32>(vip.word[0]) ^ static_cast<u32>(vip.word[1]) ^ static_cast<u32>(vip.word[2]) ^
                        static_cast<u32>(vip.word[3]);
    return (address ^ static_cast<u32>(vport) << 8) * 0x9e3779b1u >> 20;
}
static_assert(1u << (32 - 20) == offered_bits);

[[gnu::always_inline]] inline bool may_offer(const Offered& o, const Address& vip, Be16 vport) {
    const u32 bit = offered_bit(vip, vport);
    return (o.ports[bit >> 5 & 127] >> (bit & 31) & 1) != 0;
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
