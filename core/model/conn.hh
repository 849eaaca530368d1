// Connections: the layout of the maps `conns` and `free_conns`.
//
// One connection is one slot of the array `conns`, found from both sides: `flows` (flow.hh) leads from the tuple of
// the request direction and from the tuple of the reply direction to the slot's index.
#pragma once

#include "core/model/flow.hh"
#include "core/model/types.hh"

namespace bpvs {

/// States by IPVS's names; the numbers are part of the map layout. SCTP, too, begins in `none`; its others begin at 17,
/// so that the lower four bits of a state are its column in the table of its protocol (core/pipeline/state_table.hh).
enum class State : u8 {
    none = 0,
    established,
    syn_sent,
    syn_recv,
    fin_wait,
    time_wait,
    close,
    close_wait,
    last_ack,
    listen,
    synack,
    udp,
    assured, ///< a template, one of whose connections was established or answered; before that it is in `none`
    sctp_init1 = 17,
    sctp_init,
    sctp_cookie_sent,
    sctp_cookie_replied,
    sctp_cookie_wait,
    sctp_cookie,
    sctp_cookie_echoed,
    sctp_established,
    sctp_shutdown_sent,
    sctp_shutdown_received,
    sctp_shutdown_ack_sent,
    sctp_rejected,
    sctp_closed,
};
constexpr u32 state_count = 30;
constexpr bool is_state(u32 number) {
    return number <= static_cast<u32>(State::assured) ||
           (number >= static_cast<u32>(State::sctp_init1) && number < state_count);
}

/// Life of a slot. A connection that has ended may be held: out of every count and listing, but with its tuples. A dead
/// slot rests in limbo until no program can still hold a pointer to it.
enum class Life : u8 { free = 0, building = 1, live = 2, limbo = 3, held = 4 };

enum ConnFlag : u16 {
    conn_inactive = 1,  ///< counted in Dest::inactive instead of Dest::active
    conn_template = 2,  ///< persistence: where a client's connections go. Counted in Dest::persistent
    conn_given_way = 8, ///< another took its place. A template ends by itself, after the connections that have it; of a
                        ///< held connection, only the reply's tuple is its own
    conn_one_packet = 4, ///< for replies only: every datagram of the client is scheduled. Not counted
    conn_resets = 16,    ///< held: what comes is answered with resets
    conn_put_off = 32,   ///< entered at XDP, which left its first packet to tc: it still counts as new
};

/// The mutable word of a connection, changed by compare-and-swap on `word`.
union ConnStatus {
    struct ConnStatusFields {
        Life life;
        State state;
        u16 flags; ///< ConnFlag
    } is;
    u32 word;
};

/// Where packets of one direction leave, as the kernel's FIB and neighbour tables said at `checked`.
struct Egress {
    u32 ifindex; ///< 0: unknown, ask again
    u32 checked; ///< low 32 bits of jiffies
    u16 mtu;
    u8 dmac[6];
    u8 smac[6];
    u16 generation; ///< of the services then
};
static_assert(sizeof(Egress) == 24);

/// The way to a destination, which is the same for all its connections. Value of `ways`, by the lower bits of a
/// destination's id, on each CPU.
struct Way {
    Address to;
    Egress egress;
    u32 family; ///< of `to`
    u32 reserved;
};
static_assert(sizeof(Way) == 48);
constexpr u32 ways = 1024;

/// Value of `conns`.
struct Conn {
    Address client;
    Address vip;
    Address dest;
    Be16 cport;
    Be16 vport;
    Be16 dport;
    IpProto protocol;
    Family family;
    u32 dest_id; ///< index into `dests`
    ConnStatus status;
    u64 expires;      ///< jiffies64; held, in limbo: when it got there
    Egress to_dest;   ///< request direction
    Egress to_client; ///< reply direction
    union {
        u32 control;    ///< the index of its template, and 1; 0: it has none
        u32 controlled; ///< of a template: connections that have it, changed atomically
    };
    u16 change; ///< what the destination's address in place of the VIP adds to a checksum
    u16 pseudo; ///< what addresses and protocol of a request add to one
};
static_assert(sizeof(Conn) == 128);

} // namespace bpvs
