// Resets as BPF functions of their own: nearly no packet needs one. Static, since kernels without type information of
// their own take no context as an argument of a global one. Pointers into the packet are void after each.
#pragma once

#include "bpf/env_tc.hh"
#include "bpf/walks.hh"
#include "core/pipeline/reset.hh"

extern "C" {

/// 0: no.
[[gnu::noinline]] static int bpvs_prepare_resets(struct __sk_buff* skb, bpvs::u32 family, bpvs::u32 l4,
                                                 bpvs::u32 payload) {
    bpvs::bpf::TcEnv e{{}, skb};
    bpvs::Workspace* w = e.workspace();
    return w && bpvs::prepare_resets(e, static_cast<bpvs::Family>(family), l4, payload, w->reset) ? 1 : 0;
}

[[gnu::noinline]] static int bpvs_send_reset(struct __sk_buff* skb, bpvs::u32 conn, bpvs::u32 to_client,
                                             bpvs::u32 segment) {
    bpvs::bpf::TcEnv e{{}, skb};
    const bpvs::Config* config = e.config();
    bpvs::Workspace* w = e.workspace();
    if (bpvs::Conn* c = e.conn(conn); c && config && w)
        bpvs::send_reset(e, *config, *c, to_client != 0, segment ? w->reset.segments[1] : w->reset.segments[0],
                         w->reset);
    return 0;
}
}

namespace bpvs::bpf {

[[gnu::always_inline]] inline bool TcEnv::prepare_resets(Family family, u32 l4, u32 payload) {
    return bpvs_prepare_resets(skb, static_cast<u32>(family), l4, payload) != 0;
}

[[gnu::always_inline]] inline void TcEnv::send_reset(u32 conn, bool to_client, u32 segment) {
    bpvs_send_reset(skb, conn, to_client ? 1 : 0, segment);
}

} // namespace bpvs::bpf
