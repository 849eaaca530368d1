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

/// The sum of the first `length` of those bytes, as Env::sum(). The helper that sums up wants whole words and at most
/// 512 bytes: zeros follow them.
extern "C" [[gnu::noinline]] bpvs::u32 bpvs_sum_up(bpvs::u32 length) {
    using namespace bpvs::bpf;
    SumBytes* copy = BpfTables::element<SumBytes>(::sum_bytes, 0);
    bpvs::u64 end = length;
    asm volatile("" : "+r"(end)); // the verifier wants to see the bounds of this one register
    if (!copy || end > bpvs::longest_sum)
        return bpvs::no_id;
    __builtin_memset(copy->bytes + end, 0, 4);
    bpvs::s64 sum = 0;
    bpvs::u64 left = (end + 3) & ~bpvs::u64{3};
#pragma clang loop unroll(full)
    for (bpvs::u32 from = 0; from < bpvs::longest_sum; from += csum_diff_most) {
        bpvs::u64 part = left < csum_diff_most ? left : csum_diff_most;
        left -= part;
        asm volatile("" : "+r"(part));
        if (part - 1 < csum_diff_most)
            sum = csum_diff(nullptr, 0, copy->bytes + from, static_cast<bpvs::u32>(part), static_cast<bpvs::u32>(sum));
    }
    return bpvs::net::fold(static_cast<bpvs::u32>(sum));
}

namespace bpvs::bpf {

[[gnu::noinline]] static u32 sum_up(struct __sk_buff* skb, u32 offset, u32 length) {
    SumBytes* copy = BpfTables::element<SumBytes>(::sum_bytes, 0);
    u64 last = length - 1;
    asm volatile("" : "+r"(last)); // as above
    if (!copy || last >= longest_sum || skb_load_bytes(skb, offset, copy->bytes, static_cast<u32>(last + 1)) != 0)
        return no_id;
    return bpvs_sum_up(length);
}

[[gnu::always_inline]] inline u32 TcEnv::sum(u32 offset, u32 length) { return sum_up(skb, offset, length); }

} // namespace bpvs::bpf
