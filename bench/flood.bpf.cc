// The programs of bpvs-flood-run: where frames come from, where they end, and two directors that do nothing but
// redirect, as a floor for all others.
#include "bench/flood.hh"
#include "bpf/helpers.hh"
#include "bpf/maps.hh"
#include "core/net/checksum.hh"
#include "core/net/headers.hh"

#include <linux/pkt_cls.h>

BPVS_MAP(flood_work, BPF_MAP_TYPE_ARRAY, 1, bpvs::u32, bpvs::bench::FloodWork, BPF_F_MMAPABLE)
BPVS_MAP(flood_next, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::u64, 0)
BPVS_MAP(flood_seen, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::u64, 0)

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using namespace bpvs::net;

[[gnu::always_inline]] inline void* first(void* map) {
    const u32 zero = 0;
    return bpf::map_lookup_elem(map, &zero);
}

/// The field plus `change`, in one's complement, as RFC 1624 has it.
[[gnu::always_inline]] inline void sum_changes(u8* field, u32 change) {
    const u32 sum = static_cast<u16>(~from_be16(load<Be16>(field))) + change;
    const u32 once = (sum & 0xffff) + (sum >> 16);
    store(field, to_be16(static_cast<u16>(~((once & 0xffff) + (once >> 16)))));
}

[[gnu::always_inline]] inline void count(const u8* frame) {
    const FloodWork* work = static_cast<FloodWork*>(first(&::flood_work));
    u64* seen = static_cast<u64*>(first(&::flood_seen));
    const u32 to = static_cast<u32>(load<Be32>(frame + eth::size + ipv4::dst));
    if (work && seen && (to & static_cast<u32>(work->expected_mask)) == static_cast<u32>(work->expected_net))
        *seen += 1;
}

template <class Context>
[[gnu::always_inline]] inline u8* frame_of(Context* context) {
    u8* data = reinterpret_cast<u8*>(static_cast<u64>(context->data));
    return data + flood_headers > reinterpret_cast<u8*>(static_cast<u64>(context->data_end)) ? nullptr : data;
}

} // namespace

extern "C" {

/// Writes the next flow's packet into the frame and sends it. A test run gives frames again as they came back.
[[gnu::section("xdp"), gnu::used]] int flood_source(struct xdp_md* context) {
    const FloodWork* work = static_cast<FloodWork*>(first(&::flood_work));
    u64* next = static_cast<u64*>(first(&::flood_next));
    u8* frame = frame_of(context);
    if (!work || !next || !frame)
        return XDP_DROP;
    const u32 flow = static_cast<u32>(*next);
    *next = flow + 1 < work->flows ? flow + 1 : 0;
    __builtin_memcpy(frame, work->headers, flood_headers);
    const u32 port = flow % flood_ports;
    const u32 client = flow / flood_ports;
    u8* ip = frame + eth::size;
    u8* low = ip + ipv4::src + 2;
    store(low, to_be16(static_cast<u16>(from_be16(load<Be16>(low)) + client)));
    sum_changes(ip + ipv4::check, client);
    u8* udp = ip + ipv4::min_size;
    store(udp, to_be16(static_cast<u16>(flood_first_port + port)));
    sum_changes(udp + udp::check, client + port);
    return XDP_TX;
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
    const FloodWork* work = static_cast<FloodWork*>(first(&::flood_work));
    return work ? static_cast<int>(bpf::redirect(work->redirect_to, 0)) : XDP_DROP;
}

[[gnu::section("tc"), gnu::used]] int flood_only_tc([[maybe_unused]] struct __sk_buff* context) {
    const FloodWork* work = static_cast<FloodWork*>(first(&::flood_work));
    return work ? static_cast<int>(bpf::redirect(work->redirect_to, 0)) : TC_ACT_SHOT;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
