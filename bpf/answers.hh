// What answers of our own need beside TcEnv: the sum of a part of the packet.
#pragma once

#include "bpf/env_tc.hh"
#include "core/pipeline/answer.hh"

namespace bpvs::bpf {

/// Where bytes of a packet are summed up.
struct SumBytes {
    u8 bytes[longest_sum + 4]; ///< 4: for a verifier that does not know what a mask leaves
};
constexpr u32 csum_diff_most = 512;

} // namespace bpvs::bpf

BPVS_MAP(sum_bytes, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::bpf::SumBytes, 0)

namespace bpvs::bpf {

/// The helper that sums up wants whole words and at most 512 bytes: the bytes are copied to where zeros follow them.
[[gnu::noinline]] static u32 sum_up(struct __sk_buff* skb, u32 offset, u32 length) {
    SumBytes* copy = BpfTables::element<SumBytes>(::sum_bytes, 0);
    u64 last = length - 1;
    asm volatile("" : "+r"(last)); // the verifier wants to see the bounds of this one register
    if (!copy || last >= longest_sum)
        return no_id;
    const u64 last_word = last & ~u64{3};
    __builtin_memset(copy->bytes + last_word, 0, 4);
    if (skb_load_bytes(skb, offset, copy->bytes, static_cast<u32>(last + 1)) != 0)
        return no_id;
    s64 sum = 0;
    u64 left = last_word + 4;
#pragma clang loop unroll(full)
    for (u32 from = 0; from < longest_sum; from += csum_diff_most) {
        u64 part = left < csum_diff_most ? left : csum_diff_most;
        left -= part;
        asm volatile("" : "+r"(part));
        if (part - 1 < csum_diff_most)
            sum = csum_diff(nullptr, 0, copy->bytes + from, static_cast<u32>(part), static_cast<u32>(sum));
    }
    return net::fold(static_cast<u32>(sum));
}

[[gnu::always_inline]] inline u32 TcEnv::sum(u32 offset, u32 length) { return sum_up(skb, offset, length); }

} // namespace bpvs::bpf
