// The programs of the director: tc ingress, tc egress, and what keeps time.
#include "bpf/env_tc.hh"
#include "core/pipeline/age.hh"
#include "core/pipeline/egress.hh"
#include "core/pipeline/ingress.hh"

namespace bpvs::bpf {

[[gnu::always_inline]] inline void count(Reason reason) {
    const u32 index = static_cast<u32>(reason);
    if (u64* n = static_cast<u64*>(map_lookup_elem(&::reasons, &index)))
        *n += 1;
}

/// The one exit of the ingress program.
[[gnu::always_inline]] inline int leave(const Verdict& v) {
    count(v.reason);
    switch (action_of(v.reason)) {
    case Action::drop:
        return TC_ACT_SHOT;
    case Action::forward:
        break;
    default:
        return TC_ACT_UNSPEC;
    }
    if (!v.by_neighbour)
        return static_cast<int>(redirect(v.ifindex, 0));
    if (v.next_hop == Be32{})
        return static_cast<int>(redirect_neigh(v.ifindex, nullptr, 0, 0));
    struct bpf_redir_neigh hop;
    __builtin_memset(&hop, 0, sizeof hop);
    hop.nh_family = 2; // AF_INET
    hop.ipv4_nh = static_cast<u32>(v.next_hop);
    return static_cast<int>(redirect_neigh(v.ifindex, &hop, sizeof hop, 0));
}

// --- time ---------------------------------------------------------------------------------------------

enum TimerIndex : u32 { sweep_timer = 0, rate_timer = 1 };

constexpr u64 second = 1000000000ull;
constexpr u64 rate_period = rate_seconds * second;
constexpr u32 max_cpus = 256;

struct SweepContext {
    u32 first;
    u32 count;
    bool pressure;
};

static long sweep_step(u32 i, SweepContext* context) {
    BpfTables t;
    const Config* c = t.config();
    if (!c || context->count == 0)
        return 1;
    u32 index = context->first + i;
    if (index >= context->count)
        index -= context->count;
    sweep_slot(t, *c, index, context->pressure);
    return 0;
}

static int sweep_tick([[maybe_unused]] void* map, [[maybe_unused]] u32* key, TimerSlot* slot) {
    BpfTables t;
    u64 next = second / 4;
    const Config* c = t.config();
    Table* table = t.table();
    if (c && table) {
        u32 used = table->high_water;
        if (used > c->connections)
            used = c->connections;
        const u32 slice = sweep_share(used);
        if (used) {
            SweepContext context{table->sweep_cursor < used ? table->sweep_cursor : 0, used,
                                 under_pressure(*c, *table)};
            loop(slice, reinterpret_cast<void*>(sweep_step), &context, 0);
            const u32 cursor = context.first + slice;
            table->sweep_cursor = cursor < used ? cursor : cursor - used;
        }
        next = second / sweep_ticks(used);
    }
    slot->ticks++;
    timer_start(&slot->timer, next, 0);
    return 0;
}

struct RateContext {
    u32 first;
    u32 dests;
    u32 services;
};

static long rate_step(u32 i, RateContext* context) {
    BpfTables t;
    const Config* c = t.config();
    if (!c)
        return 1;
    const u32 n = context->first + i;
    if (n >= context->dests + context->services)
        return 1;
    const u32 index = n < context->dests ? n : c->max_dests + (n - context->dests);
    Rates* rates = BpfTables::element<Rates>(::rates, index);
    if (!rates)
        return 1;
    Counters total{};
    for (u32 cpu = 0; cpu < max_cpus; cpu++) {
        const Counters* one = static_cast<const Counters*>(map_lookup_percpu_elem(&::counters, &index, cpu));
        if (!one)
            break;
        total.conns += one->conns;
        total.in_packets += one->in_packets;
        total.out_packets += one->out_packets;
        total.in_bytes += one->in_bytes;
        total.out_bytes += one->out_bytes;
    }
    estimate_rates(*rates, total);
    return 0;
}

static int rate_tick([[maybe_unused]] void* map, [[maybe_unused]] u32* key, TimerSlot* slot) {
    BpfTables t;
    u64 next = rate_period;
    const Config* c = t.config();
    Table* table = t.table();
    if (c && table) {
        RateContext context{table->rate_cursor, c->used_dests, c->used_services};
        const u32 used = context.dests + context.services;
        if (context.first >= used)
            context.first = 0;
        loop(rate_slice, reinterpret_cast<void*>(rate_step), &context, 0);
        table->rate_cursor = context.first + rate_slice;
        next = rate_period / rate_ticks(used);
    }
    slot->ticks++;
    timer_start(&slot->timer, next, 0);
    return 0;
}

} // namespace bpvs::bpf

using namespace bpvs;
using namespace bpvs::bpf;

extern "C" {

[[gnu::section("tc"), gnu::used]] int bpvs_ingress(struct __sk_buff* skb) {
    TcEnv env{{}, skb};
    return leave(ingress(env));
}

/// Packets that were forwarded or redirected have an ingress interface: only local ones are looked at.
[[gnu::section("tc"), gnu::used]] int bpvs_egress(struct __sk_buff* skb) {
    if (skb->ingress_ifindex != 0)
        return TC_ACT_UNSPEC;
    TcEnv env{{}, skb};
    const Verdict v = egress(env);
    if (action_of(v.reason) == Action::pass)
        return TC_ACT_UNSPEC;
    count(v.reason);
    return action_of(v.reason) == Action::drop ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/// Run by the control library: arms the timers, also with the callbacks of a newer program. 0, or which failed.
[[gnu::section("tc"), gnu::used]] int bpvs_arm([[maybe_unused]] struct __sk_buff* skb) {
    u32 key = sweep_timer;
    auto* sweep = static_cast<TimerSlot*>(map_lookup_elem(&::timers, &key));
    if (!sweep)
        return 1;
    timer_init(&sweep->timer, &::timers, 1 /* CLOCK_MONOTONIC */); // fails when it is initialised already
    if (timer_set_callback(&sweep->timer, reinterpret_cast<void*>(sweep_tick)) != 0)
        return 1;
    if (timer_start(&sweep->timer, 0, 0) != 0)
        return 1;

    key = rate_timer;
    auto* rate = static_cast<TimerSlot*>(map_lookup_elem(&::timers, &key));
    if (!rate)
        return 2;
    timer_init(&rate->timer, &::timers, 1);
    if (timer_set_callback(&rate->timer, reinterpret_cast<void*>(rate_tick)) != 0)
        return 2;
    if (timer_start(&rate->timer, rate_period, 0) != 0)
        return 2;
    return 0;
}

/// Run by the control library: tells it the time.
[[gnu::section("tc"), gnu::used]] int bpvs_clock([[maybe_unused]] struct __sk_buff* skb) {
    BpfTables t;
    if (Table* table = t.table())
        table->now = t.now();
    return 0;
}

/// A witness pinned with the director: its link to the network namespace dies with the namespace.
[[gnu::section("sk_lookup"), gnu::used]] int bpvs_witness([[maybe_unused]] struct bpf_sk_lookup* ctx) {
    return SK_PASS;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
