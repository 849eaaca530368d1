// The programs of bpvs-stream-run: each repetition of a test run gets a fresh packet, of the next flow, and is handed
// to the program that is measured.
#include "bench/flows_bpf.hh"

#include <linux/pkt_cls.h>

BPVS_MAP(stream_packets, BPF_MAP_TYPE_ARRAY, 1, bpvs::u32, bpvs::bench::FlowPackets, 0)
BPVS_MAP(stream_next, BPF_MAP_TYPE_ARRAY, 1, bpvs::u32, bpvs::u64, 0)
BPVS_MAP(stream_to_tc, BPF_MAP_TYPE_PROG_ARRAY, bpvs::bench::stream_ends, bpvs::u32, bpvs::u32, 0)
BPVS_MAP(stream_to_xdp, BPF_MAP_TYPE_PROG_ARRAY, bpvs::bench::stream_ends, bpvs::u32, bpvs::u32, 0)

namespace {

using namespace bpvs;
using namespace bpvs::bench;

long (*const tail_call)(void* context, void* programs,
                        u32 index) = reinterpret_cast<long (*)(void*, void*, u32)>(BPF_FUNC_tail_call);

template <class Context>
[[gnu::always_inline]] inline void fresh_packet(Context* context) {
    const FlowPackets* packets = static_cast<FlowPackets*>(first_of(&::stream_packets));
    u64* next = static_cast<u64*>(first_of(&::stream_next));
    if (u8* frame = frame_of(context); packets && next && frame)
        write_packet(frame, *packets, next_flow(*packets, *next));
}

} // namespace

extern "C" {

[[gnu::section("tc"), gnu::used]] int stream_tc_measured(struct __sk_buff* context) {
    fresh_packet(context);
    tail_call(context, &stream_to_tc, stream_measured);
    return TC_ACT_SHOT;
}

[[gnu::section("tc"), gnu::used]] int stream_tc_empty(struct __sk_buff* context) {
    fresh_packet(context);
    tail_call(context, &stream_to_tc, stream_empty);
    return TC_ACT_SHOT;
}

// As the director's, in xdp.frags: a program may only go on to one that takes frames of as many parts.

[[gnu::section("xdp.frags"), gnu::used]] int stream_xdp_measured(struct xdp_md* context) {
    fresh_packet(context);
    tail_call(context, &stream_to_xdp, stream_measured);
    return XDP_ABORTED;
}

[[gnu::section("xdp.frags"), gnu::used]] int stream_xdp_empty(struct xdp_md* context) {
    fresh_packet(context);
    tail_call(context, &stream_to_xdp, stream_empty);
    return XDP_ABORTED;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
