// Env: what the packet path asks of the world it runs in. BPF at tc (bpf/env_tc.hh) and the native
// simulation (sim/env.hh) provide all of it. A capability that a world lacks is a missing member.
//
// Tables are the part that needs no packet: the timers work with them alone. A FrontEnv (BPF at XDP, bpf/env_xdp.hh)
// stands in front of a whole Env: it sends packets on, or leaves them to that one with nothing done.
#pragma once

#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/model/reasons.hh"
#include "core/model/service.hh"
#include "core/model/types.hh"
#include "core/net/parse.hh"
#include "core/pipeline/flows.hh"
#include "core/pipeline/schedulers/workspace.hh"
#include "core/pipeline/verdict.hh"

namespace bpvs {

enum class Ending : u32; // life.hh

/// What the kernel's FIB and neighbour tables say about a destination.
enum class RouteStatus : u8 {
    ok,           ///< `egress` is complete: interface, MTU and both MAC addresses
    no_neighbour, ///< fits and is routable by ifindex and next hop, but the neighbour is not resolved yet
    too_long,     ///< longer than the route's MTU
    stack,        ///< local, unroutable, prohibited …: only the stack knows what to do
};

/// Refers to what it asks about: most packets need no route, and nothing is copied for them.
struct RouteQuery {
    const Address& saddr;
    const Address& daddr;
    Be16 sport;
    Be16 dport;
    IpProto protocol;
    Family family;
    u8 tos;
    u32 length; ///< as Env::segment_length
};

struct Route {
    RouteStatus status;
    Egress egress;
    NextHop next_hop;
};

/// Table access. Pointers stay valid while the program runs; null means out of range or not there.
template <class T>
concept Tables =
    Chooses<T> && requires(T& t, u32 index, const Flow& flow, const FlowTarget& target, const ServiceKey& key,
                           const MarkPrefix& prefix, const MarkRange& range, MarkPorts* ports, u16 port, u64 pair) {
        { t.config() } -> Same<const Config*>;
        { t.table() } -> Same<Table*>;
        { t.now() } -> Same<u64>; // jiffies64
        { t.conn(index) } -> Same<Conn*>;
        { t.bucket(index) } -> Same<FlowBucket*>;
        { t.find_more_flow(flow) } -> Same<const FlowTarget*>;
        { t.insert_more_flow(flow, target) } -> Same<int>; // 0, flow_exists or flow_no_room
        { t.erase_more_flow(flow) } -> Same<bool>;
        // of flows.hh, called in the way that suits this world
        { t.find_flow(flow) } -> Same<FlowTarget>;
        { t.insert_flow(target) } -> Same<int>;
        { t.erase_flow(target) };
        { t.take_conn(&index) } -> Same<bool>; // a free slot, or none
        { t.give_conn(index) };
        { t.end(index, Ending{}) };       // end_for(), called in the way that suits this world
        { t.change_state(index, index) }; // of connection.hh, likewise: of a connection, by a row
        // of schedule.hh, likewise: a connection for `flow`, with a mark and Opening flags
        { t.schedule(flow, index, index) } -> Same<Scheduled>;
        { t.find_service(key) } -> Same<const Service*>;
        { t.has_server(ServerKey{}) } -> Same<bool>; // some service lists it
        { t.dest(index) } -> Same<Dest*>;
        { t.word(index, &index) } -> Same<bool>; // false: out of range
        { t.pair(index, &pair) } -> Same<bool>;  // two words from an even one on, the first is the lower half
        { t.put_pair(index, pair) };
        { t.load_changes(index) } -> Same<LoadChanges*>;
        { t.find_mark_prefix(prefix) } -> Same<const MarkRange*>;
        { t.mark_ports(index, ports) } -> Same<bool>;        // false: out of range
        { t.search_ports(range, port, index) } -> Same<u32>; // mark_of_port(), called in the way that suits this world
        { t.crc32c_change(index, index) } -> Same<u32>;      // net::crc32c_change(), likewise
        { t.cursor(index) } -> Same<Cursor*>;
        { t.counters(index) } -> Same<Counters*>; // of this CPU
        { t.way(index) } -> Same<Way*>;           // of this CPU, for a destination's id
    };

/// Env::sum() takes as many bytes: what an ICMP error quotes is shorter.
constexpr u32 longest_sum = 1536;

/// Tables and one packet that can be translated.
template <class E>
concept PacketEnv = Tables<E> && requires(E& e, u32 offset, Family f, IpProto p, Be16 port, const RouteQuery& q,
                                          const net::Packet& packet) {
    { E::l3 } -> Same<const u32&>;             // offset of the network header
    { e.for_us() } -> Same<bool>;              // addressed to this host at link level, untagged
    { e.family() } -> Same<Family>;            // of the network header; none: neither
    { e.length() } -> Same<u32>;               // of the frame, from the network header on
    { e.at(offset, offset) } -> Same<u8*>;     // `length` writable bytes at `offset`, or null
    { e.read(offset, offset) } -> Same<bool>;  // a word of the packet, as it lies there; false: beyond its end
    { e.segment_length(packet) } -> Same<u32>; // IP length of the largest frame this packet becomes on the wire
    { e.replace_l4_sum(offset, f, p, offset, port, port) } -> Same<bool>;
    { e.route(q) } -> Same<const Route*>; // overwritten by the next call
};

/// A packet that another world sees if this one does not take it.
template <class E>
concept FrontEnv = PacketEnv<E> && requires(E& e, u32 ifindex) {
    { e.sends_through(ifindex) } -> Same<bool>; // what is sent through this interface, as it arrived, is not lost
};

/// A packet that nobody else takes care of: marks, answers and resets of our own are part of it.
template <class E>
concept Env =
    PacketEnv<E> && requires(E& e, u32 offset, Family f, const RouteQuery& q, Address& own, const void* bytes) {
        { e.mark() } -> Same<u32>; // the packet's, as whoever saw it before left it
        { e.set_mark(offset) };
        { e.own_address(q, own) } -> Same<bool>; // this host's for packets to q.daddr; false: unknown
        // for answers of our own; pointers from at() are void after each
        { e.trim(offset) } -> Same<bool>;               // the frame ends so many bytes after its network header begins
        { e.make_room(offset) } -> Same<bool>;          // zero bytes between link and network header; after trim()
        { e.put(offset, bytes, offset) } -> Same<bool>; // overwrites bytes
        { e.sum_is_left_to_device(offset) } -> Same<bool>; // the transport sum at `offset` is of the pseudo header only
        { e.sum(offset, offset) } -> Same<u32>; // of so many bytes at `offset`, as one 16-bit word; no_id: too many
        { e.ifindex() } -> Same<u32>;           // the interface that the frame arrived on
        { e.send_copy(offset) } -> Same<bool>;  // of the frame as it is now, through this interface
    };

} // namespace bpvs
