// What keeps time: the callbacks of the director's two timers, and how they are armed.
#pragma once

#include "bpf/tables.hh"
#include "core/pipeline/age.hh"

namespace bpvs::bpf {

enum TimerIndex : u32 { sweep_timer = 0, rate_timer = 1 };

constexpr u64 second = 1000000000ull;
constexpr u64 rate_period = rate_seconds * second;
constexpr u32 max_cpus = 8192; // as many as Linux has

struct SweepContext {
    u32 first;
    u32 count;
    SweepOrders orders;
};

static long sweep_step(u32 i, SweepContext* context) {
    BpfTables t;
    const Config* c = t.config();
    if (!c || context->count == 0)
        return 1;
    u32 index = context->first + i;
    if (index >= context->count)
        index -= context->count;
    sweep_slot(t, *c, index, context->orders);
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
            SweepContext context{table->sweep_cursor < used ? table->sweep_cursor : 0, used, sweep_orders(*c, *table)};
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

struct SumContext {
    Counters total;
    u32 index;
};

static long sum_step(u32 cpu, SumContext* context) {
    const Counters* one = static_cast<const Counters*>(map_lookup_percpu_elem(&::counters, &context->index, cpu));
    if (!one)
        return 1; // no such CPU
    context->total.conns += one->conns;
    context->total.in_packets += one->in_packets;
    context->total.out_packets += one->out_packets;
    context->total.in_bytes += one->in_bytes;
    context->total.out_bytes += one->out_bytes;
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
    SumContext sum{{}, index};
    loop(max_cpus, reinterpret_cast<void*>(sum_step), &sum, 0);
    estimate_rates(*rates, sum.total);
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
        if (c->settings.run_estimation)
            loop(rate_slice, reinterpret_cast<void*>(rate_step), &context, 0);
        table->rate_cursor = context.first + rate_slice;
        next = rate_period / rate_ticks(used);
    }
    slot->ticks++;
    timer_start(&slot->timer, next, 0);
    return 0;
}

/// Gives a timer its callback and starts it; a timer that runs already goes on with the new callback.
[[gnu::always_inline]] inline bool arm(TimerIndex which, void* tick, u64 first) {
    const u32 key = which;
    auto* slot = static_cast<TimerSlot*>(map_lookup_elem(&::timers, &key));
    if (!slot)
        return false;
    timer_init(&slot->timer, &::timers, 1 /* CLOCK_MONOTONIC */); // fails when it is initialised already
    return timer_set_callback(&slot->timer, tick) == 0 && timer_start(&slot->timer, first, 0) == 0;
}

} // namespace bpvs::bpf
