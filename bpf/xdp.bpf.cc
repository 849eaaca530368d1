// The program at XDP, in front of tc: an object of its own over the same maps, loaded when an interface is attached so.
#include "bpf/counting.hh"
#include "bpf/env_xdp.hh"
#include "bpf/walks.hh"
#include "core/pipeline/front.hh"

namespace bpvs::bpf {

[[gnu::always_inline]] inline int leave(XdpEnv& env, const Verdict& v) {
    const Action action = action_of(v.reason);
    const bool finished = action == Action::forward || action == Action::drop;
    if (XdpCounts* n = BpfTables::element<XdpCounts>(::xdp_counts, 0))
        finished ? n->finished++ : n->left++;
    if (!finished)
        return XDP_PASS;
    count(v.reason);
    if (action == Action::drop)
        return XDP_DROP;
    return v.ifindex == env.ifindex() ? XDP_TX : static_cast<int>(redirect(v.ifindex, 0));
}

} // namespace bpvs::bpf

using namespace bpvs;
using namespace bpvs::bpf;

extern "C" {

/// What libxdp's dispatcher is told: other programs come before this one, which sends packets off.
struct {
    int (*priority)[60];
    int (*XDP_PASS)[1];
} _bpvs_xdp [[gnu::section(".xdp_run_config"), gnu::used]];

[[gnu::section("xdp.frags"), gnu::used]] int bpvs_xdp(struct xdp_md* frame) {
    XdpEnv env{{}, frame, XdpEnv::head_of(frame), static_cast<u32>(xdp_get_buff_len(frame))};
    return leave(env, env.head ? front(env) : verdict(Reason::left_to_tc));
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
