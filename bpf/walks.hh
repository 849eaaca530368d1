// The schedulers' walks as bpf_loop: one callback for each kind of search; and what packets rarely need, as functions.
#pragma once

#include "bpf/tables.hh"
#include "core/pipeline/open.hh"
#include "core/pipeline/schedulers/choose.hh"

BPVS_MAP(workspaces, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::Workspace, 0)

namespace bpvs::bpf {

[[gnu::always_inline]] inline Workspace* BpfTables::workspace() { return element<Workspace>(::workspaces, 0); }

} // namespace bpvs::bpf

extern "C" [[gnu::noinline]] int bpvs_look_at_group() {
    bpvs::bpf::BpfTables t;
    if (bpvs::Workspace* w = t.workspace())
        bpvs::look_at_group(t, w->by, w->groups);
    return 0;
}

namespace bpvs::bpf {

[[gnu::always_inline]] inline void BpfTables::look_at_group() { bpvs_look_at_group(); }

// One callback for each kind of search.
#define BPVS_WALK(Search, search, callback)                                  \
    static long callback(u32 i, [[maybe_unused]] void* context) {            \
        BpfTables t;                                                         \
        Workspace* w = t.workspace();                                        \
        return w && step(t, i, *w, w->search) ? 0 : 1;                       \
    }                                                                        \
    [[gnu::always_inline]] inline void BpfTables::walk(u32 count, Search&) { \
        loop(count, reinterpret_cast<void*>(callback), nullptr, 0);          \
    }

BPVS_WALK(ListSearch, list, list_step)
BPVS_WALK(GroupSearch, groups, group_step)
BPVS_WALK(BucketSearch, buckets, bucket_step)
BPVS_WALK(MemberSearch, members, member_step)
BPVS_WALK(TwosDraw, draw, draw_step)
BPVS_WALK(SumDraw, sums, draw_sum_step)
BPVS_WALK(TurnSearch, turns, turn_step)
#undef BPVS_WALK

} // namespace bpvs::bpf

// Programs of their own to the verifier: what they cost is not multiplied by the paths that lead to them.
extern "C" {

/// Whose tuple it is, as FlowEntry::whose; 0: nobody's.
[[gnu::noinline]] bpvs::u32 bpvs_find_flow(const bpvs::Flow* flow) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    bpvs::Workspace* w = t.workspace();
    if (!flow || !config || !w)
        return 0;
    w->tuple = *flow; // Linux 6.1 takes no key of a map from where a caller may have it
    return bpvs::whose(bpvs::find_flow(t, *config, w->tuple).target);
}

[[gnu::noinline]] int bpvs_insert_flow(bpvs::u32 conn, bpvs::u32 reply) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    return config ? bpvs::insert_flow(t, *config, {conn, reply & 1}) : bpvs::flow_no_room;
}

[[gnu::noinline]] int bpvs_erase_flow(bpvs::u32 conn, bpvs::u32 reply) {
    bpvs::bpf::BpfTables t;
    if (const bpvs::Config* config = t.config())
        bpvs::erase_flow(t, *config, {conn, reply & 1});
    return 0;
}

[[gnu::noinline]] int bpvs_end(bpvs::u32 conn, bpvs::u32 why) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    if (bpvs::Conn* c = t.conn(conn); c && config)
        bpvs::end_for(t, *config, conn, *c, static_cast<bpvs::Ending>(why));
    return 0;
}

[[gnu::noinline]] int bpvs_change_state(bpvs::u32 conn, bpvs::u32 row) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    if (bpvs::Conn* c = t.conn(conn); c && config)
        bpvs::change_state(t, *config, *c, row);
    return 0;
}

/// Scheduled: the connection above the reason and whether to ask again.
[[gnu::noinline]] bpvs::u64 bpvs_schedule(const bpvs::Flow* flow, bpvs::u32 mark, bpvs::u32 opening) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    bpvs::Workspace* w = t.workspace();
    bpvs::Scheduled s{bpvs::Reason::internal_error, false, bpvs::no_id};
    if (flow && config && w)
        s = bpvs::schedule(t, *config, *flow, mark, opening, *w);
    return bpvs::u64{s.conn} << 32 | (s.again ? 0x100u : 0) | static_cast<bpvs::u32>(s.reason);
}

[[gnu::noinline]] bpvs::u32 bpvs_choose(const bpvs::Service* service, const bpvs::Flow* flow) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    bpvs::Workspace* w = t.workspace();
    if (!service || !flow || !config || !w)
        return bpvs::no_id;
    return bpvs::choose(t, *config, *service, *flow, *w);
}

[[gnu::noinline]] bpvs::u32 bpvs_hold_template(const bpvs::Service* service, const bpvs::Flow* flow) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    bpvs::Workspace* w = t.workspace();
    if (!service || !flow || !config || !w)
        return bpvs::no_id;
    return bpvs::hold_template(t, *config, *service, *flow, *w);
}

[[gnu::noinline]] bpvs::u32 bpvs_prepare_template(const bpvs::Service* service, const bpvs::Flow* flow,
                                                  bpvs::u32 dest) {
    bpvs::bpf::BpfTables t;
    const bpvs::Config* config = t.config();
    bpvs::Workspace* w = t.workspace();
    if (!service || !flow || !config || !w)
        return bpvs::no_id;
    return bpvs::prepare_template(t, *config, *service, *flow, dest, *w);
}
}

namespace bpvs::bpf {

[[gnu::always_inline]] inline FlowTarget BpfTables::find_flow(const Flow& flow) {
    return target_of(bpvs_find_flow(&flow));
}

[[gnu::always_inline]] inline int BpfTables::insert_flow(FlowTarget target) {
    return bpvs_insert_flow(target.conn, target.reply);
}

[[gnu::always_inline]] inline void BpfTables::erase_flow(FlowTarget target) {
    bpvs_erase_flow(target.conn, target.reply);
}

[[gnu::always_inline]] inline void BpfTables::end(u32 conn, Ending why) { bpvs_end(conn, static_cast<u32>(why)); }

[[gnu::always_inline]] inline void BpfTables::change_state(u32 conn, u32 row) { bpvs_change_state(conn, row); }

[[gnu::always_inline]] inline Scheduled BpfTables::schedule(const Flow& flow, u32 mark, u32 opening) {
    const u64 s = bpvs_schedule(&flow, mark, opening);
    return Scheduled{static_cast<Reason>(static_cast<u8>(s)), (s & 0x100) != 0, static_cast<u32>(s >> 32)};
}

[[gnu::always_inline]] inline u32 BpfTables::choose(const Service& service, const Flow& flow) {
    return bpvs_choose(&service, &flow);
}

[[gnu::always_inline]] inline u32 BpfTables::hold_template(const Service& service, const Flow& flow) {
    return bpvs_hold_template(&service, &flow);
}

[[gnu::always_inline]] inline u32 BpfTables::prepare_template(const Service& service, const Flow& flow, u32 dest) {
    return bpvs_prepare_template(&service, &flow, dest);
}

/// As bpvs::open().
[[gnu::noinline]] static u32 open_request() {
    BpfTables t;
    Workspace* w = t.workspace();
    return static_cast<u32>(w ? bpvs::open(t, w->request) : Reason::internal_error);
}
[[gnu::always_inline]] inline Reason open() { return static_cast<Reason>(open_request()); }

} // namespace bpvs::bpf
