// TcEnv: Env at the tc hook, over a socket buffer with an Ethernet header.
#pragma once

#include "bpf/tables.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"

#include <linux/pkt_cls.h>

namespace bpvs::bpf {

/// One 32-bit field of the context. Written as an instruction: the compiler would otherwise compute the
/// field's address first, which the verifier refuses for a context.
template <u32 offset>
[[gnu::always_inline]] inline u64 context_field(const struct __sk_buff* skb) {
    u64 value;
    asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(value) : "r"(skb), "i"(offset));
    return value;
}
template <u32 offset>
[[gnu::always_inline]] inline void set_context_field(struct __sk_buff* skb, u32 value) {
    asm volatile("*(u32 *)(%0 + %1) = %2" : : "r"(skb), "i"(offset), "r"(value) : "memory");
}
#define BPVS_CONTEXT(skb, field) context_field<__builtin_offsetof(struct __sk_buff, field)>(skb)

struct TcEnv : BpfTables {
    static constexpr u32 l3 = net::eth::size;
    struct __sk_buff* skb;

    /// PACKET_HOST, and no VLAN tag: tagged frames come again on the VLAN's own interface.
    [[gnu::always_inline]] bool for_us() {
        return BPVS_CONTEXT(skb, pkt_type) == 0 && BPVS_CONTEXT(skb, vlan_present) == 0;
    }
    [[gnu::always_inline]] u32 mark() { return static_cast<u32>(BPVS_CONTEXT(skb, mark)); }
    [[gnu::always_inline]] void set_mark(u32 mark) {
        set_context_field<__builtin_offsetof(struct __sk_buff, mark)>(skb, mark);
    }
    [[gnu::always_inline]] Family family() {
        return BPVS_CONTEXT(skb, protocol) == static_cast<u32>(net::eth::type_ipv4) ? Family::v4 : Family::none;
    }

    [[gnu::always_inline]] u8* linear(u32 offset, u32 length) {
        u8* data = reinterpret_cast<u8*>(BPVS_CONTEXT(skb, data));
        u8* end = reinterpret_cast<u8*>(BPVS_CONTEXT(skb, data_end));
        u8* p = data + offset;
        asm volatile("" : "+r"(p)); // one register for the check and the use: the verifier ties bounds to it
        return p + length <= end ? p : nullptr;
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

    /// A GSO buffer becomes frames of gso_size payload, each under the buffer's headers.
    [[gnu::always_inline]] u32 segment_length(const net::Packet& p) {
        const u32 payload = static_cast<u32>(BPVS_CONTEXT(skb, gso_size));
        return payload == 0 ? p.length : payload + (p.l4 - l3) + p.l4_size;
    }

    /// A length of zero stands for a buffer beyond 64 KiB (BIG TCP).
    [[gnu::always_inline]] bool holds(const net::Packet& p) {
        return l3 + 1u + static_cast<u16>(p.length - 1) <= static_cast<u32>(BPVS_CONTEXT(skb, len));
    }

    /// The IP total length of a buffer beyond 64 KiB (BIG TCP) is zero on the wire format.
    [[gnu::always_inline]] u32 ip_length(const net::Packet& p) {
        return p.length ? p.length : static_cast<u32>(BPVS_CONTEXT(skb, len)) - l3;
    }

    [[gnu::always_inline]] bool replace_l4_sum(u32 offset, IpProto protocol, const Address& old_addr,
                                               const Address& addr, Be16 old_port, Be16 port) {
        const u64 zero_is_none = protocol == IpProto::udp ? BPF_F_MARK_MANGLED_0 : 0;
        if (l4_csum_replace(skb, offset, static_cast<u32>(old_addr.word[0]), static_cast<u32>(addr.word[0]),
                            BPF_F_PSEUDO_HDR | zero_is_none | sizeof(Be32)) != 0)
            return false;
        if (old_port == port)
            return true;
        return l4_csum_replace(skb, offset, static_cast<u16>(old_port), static_cast<u16>(port),
                               zero_is_none | sizeof(Be16)) == 0;
    }

    [[gnu::always_inline]] void route(const RouteQuery& q, Route& r) {
        struct bpf_fib_lookup fib;
        __builtin_memset(&fib, 0, sizeof fib);
        fib.family = static_cast<u8>(q.family);
        fib.l4_protocol = static_cast<u8>(q.protocol);
        fib.sport = static_cast<u16>(q.sport);
        fib.dport = static_cast<u16>(q.dport);
        fib.tos = q.tos;
        fib.ifindex = static_cast<u32>(BPVS_CONTEXT(skb, ifindex));
        __builtin_memcpy(fib.ipv6_src, q.saddr.word, sizeof fib.ipv6_src); // IPv4: the first word
        __builtin_memcpy(fib.ipv6_dst, q.daddr.word, sizeof fib.ipv6_dst);
        fib.tot_len = static_cast<u16>(q.length); // with a length the helper checks and returns the MTU
        const long result = fib_lookup(skb, &fib, sizeof fib, 0);
        r.status = result == BPF_FIB_LKUP_RET_SUCCESS       ? RouteStatus::ok
                   : result == BPF_FIB_LKUP_RET_NO_NEIGH    ? RouteStatus::no_neighbour
                   : result == BPF_FIB_LKUP_RET_FRAG_NEEDED ? RouteStatus::too_long
                                                            : RouteStatus::stack;
        r.egress.ifindex = fib.ifindex;
        r.egress.checked = 0;
        r.egress.mtu = fib.mtu_result;
        __builtin_memcpy(r.egress.dmac, fib.dmac, 6);
        __builtin_memcpy(r.egress.smac, fib.smac, 6);
        r.egress.reserved[0] = r.egress.reserved[1] = 0;
        r.next_hop.family = static_cast<Family>(fib.family);
        __builtin_memcpy(r.next_hop.addr.word, fib.ipv6_dst, sizeof fib.ipv6_dst);
    }
};

static_assert(Env<TcEnv>);

} // namespace bpvs::bpf
