// XdpEnv: FrontEnv at the XDP hook, over a frame in one or more buffers, the first of which has the headers.
#pragma once

#include "bpf/hooks.hh"
#include "core/model/xdp.hh"
#include "core/net/rewrite.hh"

BPVS_MAP(xdp_ports, BPF_MAP_TYPE_ARRAY, bpvs::max_xdp_ports, bpvs::u32, bpvs::XdpPort, BPF_F_MMAPABLE)

/// The element of `config` in place: the loader gives the program that map as this section's. A lookup costs Linux 6.1
/// a dozen instructions, and a register that holds what was found.
extern "C" {
[[gnu::section(".data.config"), gnu::used]] bpvs::Config config_in_place;
}

namespace bpvs::bpf {

/// `checked`: bytes from its beginning that the frame is known to have, so that nothing within needs another look.
template <u32 checked>
struct XdpEnv : BpfTables {
    static constexpr u32 l3 = frame_l3;
    struct xdp_md* frame;
    u8* head;         ///< null: there are not so many in the first buffer
    u32 port_index;   ///< where it arrived
    u32 first_length; ///< in the first buffer
    u32 whole_length; ///< in all buffers

    [[gnu::always_inline]] explicit XdpEnv(struct xdp_md* arrived) : frame(arrived) {
        const u64 data = BPVS_CONTEXT(xdp_md, frame, data);
        const u64 data_end = BPVS_CONTEXT(xdp_md, frame, data_end);
        head = bytes_at(data, data_end, 0, checked);
        port_index = static_cast<u32>(BPVS_CONTEXT(xdp_md, frame, ingress_ifindex));
        first_length = static_cast<u32>(data_end - data);
        whole_length = first_length;
    }

    /// Without this, a frame is taken for one in one buffer: the kernel has to be asked.
    [[gnu::always_inline]] void find_length() { whole_length = static_cast<u32>(xdp_get_buff_len(frame)); }

    [[gnu::always_inline]] static const Config* config() { return &config_in_place; }
    [[gnu::always_inline]] u32 ifindex() { return port_index; }

    [[gnu::always_inline]] static const XdpPort* port(u32 ifindex) { return element<XdpPort>(::xdp_ports, ifindex); }

    /// Nothing else says for whom a frame is. An address that is not the interface's any more makes it tc's.
    [[gnu::always_inline]] bool for_us() {
        const u8* to = at(net::eth::dst, 6);
        const XdpPort* here = port(ifindex());
        if (!to || !here)
            return false;
        u64 known = 0;
        __builtin_memcpy(&known, here, sizeof known); // the address, and flags above it
        const u64 addressed = net::load<u16>(to) | u64{net::load<u32>(to + 2)} << 16;
        return (known ^ addressed) << 16 == 0 && (known >> 48 & port_known) != 0;
    }

    /// A VLAN tag is a type of its own.
    [[gnu::always_inline]] Family family() {
        const u8* header = at(net::eth::type, sizeof(Be16));
        if (!header)
            return Family::none;
        const Be16 type = net::load<Be16>(header);
        return type == net::eth::type_ipv4 ? Family::v4 : type == net::eth::type_ipv6 ? Family::v6 : Family::none;
    }

    [[gnu::always_inline]] u32 length() { return whole_length - l3; }

    [[gnu::always_inline]] u8* at(u32 offset, u32 length) {
        if (__builtin_constant_p(offset) && __builtin_constant_p(length) && offset + length <= checked)
            return static_cast<u8*>(__builtin_assume_aligned(head, 4, 2)) + offset;
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
        if (whole_length != first_length)
            needed |= port_sends_parts;
        return (p->flags & needed) == needed;
    }

    [[gnu::always_inline]] void forget(u32& number) { forget_number(number, ifindex()); }
    [[gnu::always_inline]] void forget_offset(u32& offset) { forget_header_offset(offset, ifindex()); }
};

using LongEnv = XdpEnv<frame_l3 + net::ipv4::min_size>;
static_assert(FrontEnv<LongEnv> && !Env<LongEnv>);

} // namespace bpvs::bpf
