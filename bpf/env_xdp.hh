// XdpEnv: FrontEnv at the XDP hook, over a frame in one or more buffers, the first of which has the headers.
#pragma once

#include "bpf/hooks.hh"
#include "core/model/xdp.hh"
#include "core/net/rewrite.hh"

BPVS_MAP(xdp_ports, BPF_MAP_TYPE_ARRAY, bpvs::max_xdp_ports, bpvs::u32, bpvs::XdpPort, BPF_F_MMAPABLE)
BPVS_MAP(xdp_counts, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::XdpCounts, 0)

namespace bpvs::bpf {

struct XdpEnv : BpfTables {
    static constexpr u32 l3 = frame_l3;
    static constexpr u32 head_length = l3 + net::ipv4::min_size;
    struct xdp_md* frame;
    u8* head;         ///< head_length bytes, looked for once
    u32 whole_length; ///< in all buffers

    [[gnu::always_inline]] u32 ifindex() { return static_cast<u32>(BPVS_CONTEXT(xdp_md, frame, ingress_ifindex)); }

    [[gnu::always_inline]] static const XdpPort* port(u32 ifindex) { return element<XdpPort>(::xdp_ports, ifindex); }

    /// Nothing else says for whom a frame is. An address that is not the interface's any more makes it tc's.
    [[gnu::always_inline]] bool for_us() {
        const u8* to = at(net::eth::dst, 6);
        const XdpPort* here = port(ifindex());
        if (!to || !here || (here->flags & port_known) == 0)
            return false;
        u32 other = 0;
        for (u32 i = 0; i < 6; i += 2) // where packets must be read aligned, this address is to 2 bytes
            other |= u32{net::load<u16>(to + i)} ^ net::load<u16>(here->mac + i);
        return other == 0;
    }

    /// A VLAN tag is a type of its own.
    [[gnu::always_inline]] Family family() {
        const u8* header = at(net::eth::type, sizeof(Be16));
        if (!header)
            return Family::none;
        const Be16 type = net::load<Be16>(header);
        return type == net::eth::type_ipv4 ? Family::v4 : type == net::eth::type_ipv6 ? Family::v6 : Family::none;
    }

    [[gnu::always_inline]] u32 first_length() {
        return static_cast<u32>(BPVS_CONTEXT(xdp_md, frame, data_end) - BPVS_CONTEXT(xdp_md, frame, data));
    }
    [[gnu::always_inline]] u32 length() { return whole_length - l3; }

    /// The beginning of a frame; null: it is shorter.
    [[gnu::always_inline]] static u8* head_of(const struct xdp_md* frame) {
        return bytes_at(BPVS_CONTEXT(xdp_md, frame, data), BPVS_CONTEXT(xdp_md, frame, data_end), 0, head_length);
    }

    [[gnu::always_inline]] u8* at(u32 offset, u32 length) {
        if (__builtin_constant_p(offset) && __builtin_constant_p(length) && offset + length <= head_length)
            return static_cast<u8*>(__builtin_assume_aligned(head + offset, 2));
        return bytes_at(BPVS_CONTEXT(xdp_md, frame, data), BPVS_CONTEXT(xdp_md, frame, data_end), offset, length);
    }

    [[gnu::always_inline]] bool read(u32 offset, u32& word) {
        return xdp_load_bytes(frame, offset, &word, sizeof word) == 0;
    }

    /// Buffers of several frames (GSO) are longer than any MTU.
    [[gnu::always_inline]] u32 segment_length(const net::Packet& p) { return p.length; }

    [[gnu::always_inline]] bool replace_l4_sum(u32 offset, Family, IpProto protocol, u32 change, Be16 old_port,
                                               Be16 port) {
        return net::replace_whole_sum(*this, offset, protocol, change, old_port, port);
    }

    [[gnu::always_inline]] const Route* route(const RouteQuery& q) { return find_route(frame, ifindex(), q); }

    /// A redirect that a device does not take loses the packet, and tells nobody.
    [[gnu::always_inline]] bool sends_through(u32 through) {
        const XdpPort* p = port(through);
        if (!p)
            return false;
        u16 needed = through == ifindex() ? port_returns : port_sends;
        if (whole_length != first_length())
            needed |= port_sends_parts;
        return (p->flags & needed) == needed;
    }

    [[gnu::always_inline]] void forget(u32& number) { forget_number(number, ifindex()); }
    [[gnu::always_inline]] void forget_offset(u32& offset) { forget_header_offset(offset, ifindex()); }
};

static_assert(FrontEnv<XdpEnv> && !Env<XdpEnv>);

} // namespace bpvs::bpf
