// What both hooks do in the same way: reading their contexts and packets, asking for routes.
#pragma once

#include "bpf/tables.hh"
#include "core/net/headers.hh"
#include "core/net/parse.hh"

namespace bpvs::bpf {

/// What asking for a route takes: too much for the stack of a program.
struct RouteWork {
    struct bpf_fib_lookup fib;
    Route route;
};

} // namespace bpvs::bpf

BPVS_MAP(route_work, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::bpf::RouteWork, 0)

namespace bpvs::bpf {

/// One 32-bit field of the context. Written as an instruction: the compiler would otherwise compute the
/// field's address first, which the verifier refuses for a context.
template <u32 offset>
[[gnu::always_inline]] inline u64 context_field(const void* context) {
    u64 value;
    asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(value) : "r"(context), "i"(offset));
    return value;
}
#define BPVS_CONTEXT(type, context, field) context_field<__builtin_offsetof(struct type, field)>(context)

/// Where packets must be read aligned, they begin 2 bytes behind a multiple of 4, and so do all headers within them.
[[gnu::always_inline]] inline u8* aligned_at(u8* p, u32 offset) {
    if (__builtin_constant_p(offset) && offset % 4 == 0)
        return static_cast<u8*>(__builtin_assume_aligned(p, 4, 2));
    if (__builtin_constant_p(offset) && offset % 2 == 1)
        return p;
    return static_cast<u8*>(__builtin_assume_aligned(p, 4));
}

/// `length` bytes at `offset` of a packet between two fields of its context, or null.
[[gnu::always_inline]] inline u8* bytes_at(u64 data, u64 data_end, u32 offset, u32 length) {
    u8* p = reinterpret_cast<u8*>(data) + offset;
    asm volatile("" : "+r"(p)); // one register for the check and the use: the verifier ties bounds to it
    if (p + length > reinterpret_cast<u8*>(data_end))
        return nullptr;
    if (!p)
        __builtin_unreachable();
    return aligned_at(p, offset);
}

/// Mixed twice with something unknown it is the same again, and the verifier knows nothing of it.
[[gnu::always_inline]] inline void forget_number(u32& number, u64 unknown) {
    u64 n = number;
    asm volatile("%0 ^= %1\n%0 ^= %1" : "+&r"(n) : "r"(unknown));
    number = static_cast<u32>(n);
}

constexpr u32 frame_l3 = net::eth::size;
constexpr u32 longest_extension = 8 + 255 * 8; ///< may be added before it is found to be too much
static_assert(frame_l3 % 4 == 2 &&
              frame_l3 + 2 * (net::ipv6::size + net::ipv6::max_extension_bytes) + net::icmp::size + longest_extension <
                  0x2000);

/// The same for the offset of a header; what stays known is that headers begin 2 bytes behind a multiple of 4, as
/// the one at frame_l3 does, and that they are near.
[[gnu::always_inline]] inline void forget_header_offset(u32& offset, u64 unknown) {
    u64 n = offset;
    asm volatile("%0 ^= %1\n%0 ^= %1\n%0 &= 0x1ffc\n%0 |= 2" : "+&r"(n) : "r"(unknown));
    offset = static_cast<u32>(n);
}

[[gnu::always_inline]] inline void ask(const RouteQuery& q, u32 ifindex, struct bpf_fib_lookup& fib) {
    __builtin_memset(&fib, 0, sizeof fib);
    fib.family = static_cast<u8>(q.family);
    fib.l4_protocol = static_cast<u8>(q.protocol);
    fib.sport = static_cast<u16>(q.sport);
    fib.dport = static_cast<u16>(q.dport);
    fib.flowinfo = q.family == Family::v6 ? __builtin_bswap32(u32{q.tos} << 20) : q.tos; // IPv4: its first byte
    fib.ifindex = ifindex;
    __builtin_memcpy(fib.ipv6_src, q.saddr.word, sizeof fib.ipv6_src); // IPv4: the first word
    __builtin_memcpy(fib.ipv6_dst, q.daddr.word, sizeof fib.ipv6_dst);
    fib.tot_len = static_cast<u16>(q.length); // with a length the helper checks and returns the MTU
}

/// What the kernel says about a packet that arrived on `ifindex`.
[[gnu::always_inline]] inline const Route* find_route(void* context, u32 ifindex, const RouteQuery& q) {
    RouteWork* work = BpfTables::element<RouteWork>(::route_work, 0);
    if (!work)
        return nullptr;
    struct bpf_fib_lookup& fib = work->fib;
    ask(q, ifindex, fib);
    const long result = fib_lookup(context, &fib, sizeof fib, 0);
    Route& r = work->route;
    r.status = result == BPF_FIB_LKUP_RET_SUCCESS       ? RouteStatus::ok
               : result == BPF_FIB_LKUP_RET_NO_NEIGH    ? RouteStatus::no_neighbour
               : result == BPF_FIB_LKUP_RET_FRAG_NEEDED ? RouteStatus::too_long
                                                        : RouteStatus::stack;
    r.egress.ifindex = fib.ifindex;
    r.egress.checked = 0;
    r.egress.mtu = fib.mtu_result;
    __builtin_memcpy(r.egress.dmac, fib.dmac, 6);
    __builtin_memcpy(r.egress.smac, fib.smac, 6);
    r.egress.generation = 0;
    r.next_hop.family = fib.family;
    __builtin_memcpy(r.next_hop.addr.word, fib.ipv6_dst, sizeof fib.ipv6_dst);
    return &r;
}

} // namespace bpvs::bpf
