// TcEnv: Env at the tc hook, over a socket buffer with an Ethernet header.
#pragma once

#include "bpf/hooks.hh"
#include "core/net/checksum.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"
#include "core/net/rewrite.hh"

#include <linux/pkt_cls.h>

namespace bpvs::bpf {

template <u32 offset>
[[gnu::always_inline]] inline void set_context_field(struct __sk_buff* skb, u32 value) {
    asm volatile("*(u32 *)(%0 + %1) = %2" : : "r"(skb), "i"(offset), "r"(value) : "memory");
}

struct TcEnv : BpfTables {
    static constexpr u32 l3 = frame_l3;
    static constexpr u32 gso_by_frags = 0xffff;
    struct __sk_buff* skb;

    /// PACKET_HOST, and no VLAN tag: tagged frames come again on the VLAN's own interface.
    [[gnu::always_inline]] bool for_us() {
        return BPVS_CONTEXT(__sk_buff, skb, pkt_type) == 0 && BPVS_CONTEXT(__sk_buff, skb, vlan_present) == 0;
    }
    [[gnu::always_inline]] u32 mark() { return static_cast<u32>(BPVS_CONTEXT(__sk_buff, skb, mark)); }
    [[gnu::always_inline]] void set_mark(u32 mark) {
        set_context_field<__builtin_offsetof(struct __sk_buff, mark)>(skb, mark);
    }
    [[gnu::always_inline]] Family family() {
        const u64 type = BPVS_CONTEXT(__sk_buff, skb, protocol);
        if (type == static_cast<u32>(net::eth::type_ipv4))
            return Family::v4;
        return type == static_cast<u32>(net::eth::type_ipv6) ? Family::v6 : Family::none;
    }

    [[gnu::always_inline]] u8* linear(u32 offset, u32 length) {
        return bytes_at(BPVS_CONTEXT(__sk_buff, skb, data), BPVS_CONTEXT(__sk_buff, skb, data_end), offset, length);
    }

    /// Headers may lie in fragments of the buffer; they are pulled together on demand. Invalidates pointers
    /// that an earlier call returned.
    [[gnu::always_inline]] u8* at(u32 offset, u32 length) {
        if (u8* p = linear(offset, length))
            return p;
        if (skb_pull_data(skb, offset + length) != 0)
            return nullptr;
        return linear(offset, length);
    }

    [[gnu::always_inline]] bool read(u32 offset, u32& word) {
        return skb_load_bytes(skb, offset, &word, sizeof word) == 0;
    }

    /// A GSO buffer becomes frames of gso_size payload, each under the buffer's headers. SCTP's becomes frames that its
    /// sender has cut to the path's MTU, of lengths that are not told.
    [[gnu::always_inline]] u32 segment_length(const net::Packet& p) {
        u32 payload = static_cast<u32>(BPVS_CONTEXT(__sk_buff, skb, gso_size));
        if (payload == gso_by_frags)
            payload = sizeof(u32);
        return payload == 0 ? p.length : payload + (p.l4 - l3) + p.l4_size;
    }

    [[gnu::always_inline]] u32 length() { return static_cast<u32>(BPVS_CONTEXT(__sk_buff, skb, len)) - l3; }

    /// For IPv4's sake the kernel takes the difference out of a device's sum of the whole frame (CHECKSUM_COMPLETE):
    /// there the header's checksum puts it in again. IPv6 has none, so it is done here.
    [[gnu::always_inline]] bool replace_l4_sum(u32 offset, Family family, IpProto protocol, u32 change, Be16 old_port,
                                               Be16 port) {
        const u64 flags = protocol == IpProto::udp ? BPF_F_MARK_MANGLED_0 : 0; // zero is none and stays none
        if (l4_csum_replace(skb, offset, 0, change, BPF_F_PSEUDO_HDR | flags) != 0)
            return false;
        if (family == Family::v6)
            frame_sum_changed(change);
        if (old_port == port)
            return true;
        return l4_csum_replace(skb, offset, static_cast<u16>(old_port), static_cast<u16>(port), flags | sizeof(Be16)) ==
               0;
    }

    /// Keeps a device's sum of the whole frame true, where there is one.
    [[gnu::always_inline]] void frame_sum_changed(u32 change) { csum_update(skb, change); }

    // What answers of our own are made with. Each invalidates pointers that at() returned.

    /// The frame ends `length` bytes after the beginning of its network header; one buffer stays one frame.
    [[gnu::always_inline]] bool trim(u32 length) { return skb_change_tail(skb, l3 + length, 0) == 0; }

    /// `bytes` zeros come between the link header and the network header. After trim(), where both are asked for: a
    /// buffer that becomes several frames takes none.
    [[gnu::always_inline]] bool make_room(u32 bytes) {
        return skb_adjust_room(skb, static_cast<int>(bytes), BPF_ADJ_ROOM_MAC, 0) == 0;
    }

    /// Overwrites; a device's sum of the whole frame stays true.
    [[gnu::always_inline]] bool put(u32 offset, const void* bytes, u32 length) {
        return skb_store_bytes(skb, offset, bytes, length, BPF_F_RECOMPUTE_CSUM) == 0;
    }

    /// Whether the device sums up what the transport header covers (CHECKSUM_PARTIAL): then the field at `offset` holds
    /// the pseudo header's sum, and only changes of that are the program's business. The helper tells: it leaves such a
    /// field alone when something else changes.
    [[gnu::always_inline]] bool sum_is_left_to_device(u32 offset) {
        u8* field = at(offset, sizeof(Be16));
        if (!field)
            return false;
        const Be16 before = net::load<Be16>(field);
        if (l4_csum_replace(skb, offset, 0, 1, sizeof(Be16)) != 0)
            return false;
        field = at(offset, sizeof(Be16));
        if (!field)
            return false;
        const bool left = net::load<Be16>(field) == before;
        net::store(field, before);
        return left;
    }

    u32 sum(u32 offset, u32 length); // bpf/answers.hh
    [[gnu::always_inline]] u32 ifindex() { return static_cast<u32>(BPVS_CONTEXT(__sk_buff, skb, ifindex)); }

    /// Sends the frame as it is now, MAC addresses and all, and keeps it.
    [[gnu::always_inline]] bool send_copy(u32 ifindex) { return clone_redirect(skb, ifindex, 0) == 0; }

    [[gnu::always_inline]] void forget(u32& number) { forget_number(number, BPVS_CONTEXT(__sk_buff, skb, len)); }
    [[gnu::always_inline]] void forget_offset(u32& offset) {
        forget_header_offset(offset, BPVS_CONTEXT(__sk_buff, skb, len));
    }

    /// Kernels before 6.7 do not tell.
    [[gnu::always_inline]] bool own_address(const RouteQuery& q, Address& own) {
        constexpr u32 fib_lookup_src = 1u << 4;
        RouteWork* work = element<RouteWork>(::route_work, 0);
        if (!work)
            return false;
        struct bpf_fib_lookup& fib = work->fib;
        ask(q, ifindex(), fib);
        const long result = fib_lookup(skb, &fib, sizeof fib, fib_lookup_src);
        if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
            return false;
        if (q.family == Family::v4)
            set_v4(own, static_cast<Be32>(fib.ipv4_src));
        else
            __builtin_memcpy(own.word, fib.ipv6_src, sizeof own.word);
        return true;
    }

    [[gnu::always_inline]] const Route* route(const RouteQuery& q) { return find_route(skb, ifindex(), q); }
};

static_assert(Env<TcEnv>);

/// TcEnv of the short way: `checked` bytes from the frame's beginning are known to be in its linear part.
template <u32 checked>
struct ShortTcEnv : TcEnv {
    u8* head; ///< null: there are not so many
    bool is_partial = false;

    [[gnu::always_inline]] explicit ShortTcEnv(struct __sk_buff* arrived)
        : TcEnv{{}, arrived}, head(linear(0, checked)) {}

    [[gnu::always_inline]] u8* at(u32 offset, u32 length) {
        if (__builtin_constant_p(offset) && __builtin_constant_p(length) && offset + length <= checked)
            return static_cast<u8*>(__builtin_assume_aligned(head, 4, 2)) + offset;
        return linear(offset, length);
    }

    /// The transport sum looks like one of the pseudo header only, which a device is to finish: only the kernel's
    /// helpers know whether it is.
    [[gnu::always_inline]] void may_be_partial() { is_partial = true; }

    /// A whole sum is made up in place: the helpers look at all of the buffer again. As there, a device's sum of the
    /// whole frame loses what the header's checksum puts in again.
    [[gnu::always_inline]] bool replace_l4_sum(u32 offset, Family family, IpProto protocol, u32 change, Be16 old_port,
                                               Be16 port) {
        if (!is_partial) {
            frame_sum_changed(~change);
            return net::replace_whole_sum(*this, offset, protocol, change, old_port, port);
        }
        if (!TcEnv::replace_l4_sum(offset, family, protocol, change, old_port, port))
            return false;
        head = linear(0, checked);
        return head != nullptr;
    }
};

} // namespace bpvs::bpf
