// The programs of bpvs-flood-run: where frames come from, where they end, and two directors that do nothing but
// redirect, as a floor for all others.
#include "bench/flood.hh"
#include "bench/flows_bpf.hh"

#include <linux/pkt_cls.h>

BPVS_MAP(flood_work, BPF_MAP_TYPE_ARRAY, 1, bpvs::u32, bpvs::bench::FloodWork, BPF_F_MMAPABLE)
BPVS_MAP(flood_next, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::u64, 0)
BPVS_MAP(flood_seen, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::u64, 0)

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using namespace bpvs::net;

[[gnu::always_inline]] inline const FloodWork* work_to_do() { return static_cast<FloodWork*>(first_of(&::flood_work)); }

[[gnu::always_inline]] inline void count(const u8* frame) {
    const FloodWork* work = work_to_do();
    u64* seen = static_cast<u64*>(first_of(&::flood_seen));
    if (!work || !seen)
        return;
    const u8* ip = frame + eth::size;
    const u32 address = static_cast<u32>(load<Be32>(ip + (work->expect_source ? ipv4::src : ipv4::dst)));
    if ((address & static_cast<u32>(work->expected_mask)) == static_cast<u32>(work->expected_net))
        *seen += 1;
}

} // namespace

extern "C" {

/// Writes the next flow's packet into the frame and sends it. A test run gives frames again as they came back.
[[gnu::section("xdp"), gnu::used]] int flood_source(struct xdp_md* context) {
    const FloodWork* work = work_to_do();
    u64* next = static_cast<u64*>(first_of(&::flood_next));
    u8* frame = frame_of(context);
    if (!work || !next || !frame || work->lanes == 0)
        return XDP_DROP;
    const u32 flow = next_flow(work->packets, *next);
    write_packet(frame, work->packets, flow);
    return static_cast<int>(bpf::redirect(work->lane[flow % work->lanes % flood_most_lanes], 0));
}

[[gnu::section("xdp"), gnu::used]] int flood_sink_xdp(struct xdp_md* context) {
    if (const u8* frame = frame_of(context))
        count(frame);
    return XDP_DROP;
}

[[gnu::section("tc"), gnu::used]] int flood_sink_tc(struct __sk_buff* context) {
    if (const u8* frame = frame_of(context))
        count(frame);
    return TC_ACT_SHOT;
}

[[gnu::section("xdp"), gnu::used]] int flood_only_xdp([[maybe_unused]] struct xdp_md* context) {
    const FloodWork* work = work_to_do();
    return work ? static_cast<int>(bpf::redirect(work->redirect_to, 0)) : XDP_DROP;
}

[[gnu::section("tc"), gnu::used]] int flood_only_tc([[maybe_unused]] struct __sk_buff* context) {
    const FloodWork* work = work_to_do();
    return work ? static_cast<int>(bpf::redirect(work->redirect_to, 0)) : TC_ACT_SHOT;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
