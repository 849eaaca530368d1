// The kernel's BPF helpers that we use, by number. libbpf's bpf_helpers.h is not valid C++.
#pragma once

#include "core/model/types.hh"

#include <linux/bpf.h>

namespace bpvs::bpf {

// clang-format off
#define BPVS_HELPER(result, name, ...) \
    static result (*const name)(__VA_ARGS__) = reinterpret_cast<result (*)(__VA_ARGS__)>(BPF_FUNC_##name)

BPVS_HELPER(void*, map_lookup_elem, void* map, const void* key);
BPVS_HELPER(long, map_update_elem, void* map, const void* key, const void* value, u64 flags);
BPVS_HELPER(long, map_delete_elem, void* map, const void* key);
BPVS_HELPER(long, map_push_elem, void* map, const void* value, u64 flags);
BPVS_HELPER(long, map_pop_elem, void* map, void* value);
BPVS_HELPER(void*, map_lookup_percpu_elem, void* map, const void* key, u32 cpu);
BPVS_HELPER(u64, jiffies64);
BPVS_HELPER(u32, get_prandom_u32);
BPVS_HELPER(long, skb_load_bytes, const void* skb, u32 offset, void* to, u32 length);
BPVS_HELPER(long, skb_pull_data, struct __sk_buff* skb, u32 length);
BPVS_HELPER(long, skb_change_tail, struct __sk_buff* skb, u32 length, u64 flags);
BPVS_HELPER(long, skb_adjust_room, struct __sk_buff* skb, int bytes, u32 mode, u64 flags);
BPVS_HELPER(long, skb_store_bytes, struct __sk_buff* skb, u32 offset, const void* from, u32 length, u64 flags);
BPVS_HELPER(long, clone_redirect, struct __sk_buff* skb, u32 ifindex, u64 flags);
BPVS_HELPER(long, l4_csum_replace, struct __sk_buff* skb, u32 offset, u64 from, u64 to, u64 flags);
BPVS_HELPER(s64, csum_diff, const void* from, u32 from_size, const void* to, u32 to_size, u32 sum);
BPVS_HELPER(s64, csum_update, struct __sk_buff* skb, u32 sum);
BPVS_HELPER(long, fib_lookup, void* ctx, struct bpf_fib_lookup* params, int size, u32 flags);
BPVS_HELPER(u64, xdp_get_buff_len, struct xdp_md* ctx);
BPVS_HELPER(long, xdp_load_bytes, struct xdp_md* ctx, u32 offset, void* to, u32 length);
BPVS_HELPER(long, redirect, u32 ifindex, u64 flags);
BPVS_HELPER(long, redirect_neigh, u32 ifindex, const void* params, int size, u64 flags);
BPVS_HELPER(long, loop, u32 count, void* callback, void* context, u64 flags);
BPVS_HELPER(long, timer_init, struct bpf_timer* timer, void* map, u64 flags);
BPVS_HELPER(long, timer_set_callback, struct bpf_timer* timer, void* callback);
BPVS_HELPER(long, timer_start, struct bpf_timer* timer, u64 nanoseconds, u64 flags);
#undef BPVS_HELPER
// clang-format on

} // namespace bpvs::bpf
