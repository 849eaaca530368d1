// Writes packets of many flows into frames, one flow after the other.
#pragma once

#include "bench/flows.hh"
#include "bpf/helpers.hh"
#include "bpf/map.hh"
#include "core/net/headers.hh"

namespace bpvs::bench {

[[gnu::always_inline]] inline void* first_of(void* map) {
    const u32 zero = 0;
    return bpf::map_lookup_elem(map, &zero);
}

// Whole words, as a network card would write them: what is read in words is not to wait for single bytes.
using Word [[gnu::may_alias]] = u64;
using Half [[gnu::may_alias]] = u32;
using Quarter [[gnu::may_alias]] = u16;
template <class T>
[[gnu::always_inline]] inline T& at(u8* p) {
    return *reinterpret_cast<T*>(p);
}
template <class T>
[[gnu::always_inline]] inline T at(const u8* p) {
    return *reinterpret_cast<const T*>(p);
}

/// The field plus `change`, in one's complement, as RFC 1624 has it.
[[gnu::always_inline]] inline void sum_changes(u8* field, u32 change) {
    const u32 sum = static_cast<u16>(~__builtin_bswap16(at<Quarter>(field))) + change;
    const u32 once = (sum & 0xffff) + (sum >> 16);
    at<Quarter>(field) = __builtin_bswap16(static_cast<u16>(~((once & 0xffff) + (once >> 16))));
}

/// The frame of a context whose headers may be written; nullptr: it is shorter.
template <class Context>
[[gnu::always_inline]] inline u8* frame_of(Context* context) {
    u8* data = reinterpret_cast<u8*>(static_cast<u64>(context->data));
    return data + flow_headers > reinterpret_cast<u8*>(static_cast<u64>(context->data_end)) ? nullptr : data;
}

/// The flow whose turn it is.
[[gnu::always_inline]] inline u32 next_flow(const FlowPackets& packets, u64& next) {
    const u32 flow = static_cast<u32>(next);
    const u32 after = flow + packets.stride;
    next = after < packets.flows ? after : after - packets.flows;
    return flow;
}

[[gnu::always_inline]] inline void copy_headers(u8* to, const u8* from) {
    constexpr u32 words = flow_headers / 8;
    for (u32 i = 0; i < words; ++i)
        at<Word>(to + 8 * i) = at<Word>(from + 8 * i);
    static_assert(flow_headers % 8 == 6);
    at<Half>(to + 8 * words) = at<Half>(from + 8 * words);
    at<Quarter>(to + 8 * words + 4) = at<Quarter>(from + 8 * words + 4);
}

/// Both the ports and addresses of clients, and what the sums become with them.
[[gnu::always_inline]] inline void write_packet(u8* frame, const FlowPackets& packets, u32 flow) {
    copy_headers(frame, packets.headers);
    const u32 port = flow % flow_ports;
    const u32 client = flow / flow_ports;
    u8* ip = frame + net::eth::size;
    u8* l4 = ip + net::ipv4::min_size;
    const u32 address = flow_first_client + client; // only its lower half changes
    at<Half>(ip + (packets.to_clients ? net::ipv4::dst : net::ipv4::src)) = __builtin_bswap32(address);
    at<Quarter>(l4 + (packets.to_clients ? 2 : 0)) = __builtin_bswap16(static_cast<u16>(flow_first_port + port));
    sum_changes(ip + net::ipv4::check, client);
    sum_changes(l4 + (packets.tcp ? net::tcp::check : net::udp::check), client + port);
}

} // namespace bpvs::bench
