#include "sim/world.hh"

#include "core/pipeline/age.hh"
#include "core/pipeline/egress.hh"
#include "core/pipeline/express.hh"
#include "core/pipeline/finish.hh"
#include "core/pipeline/ingress.hh"

#include <algorithm>
#include <stdexcept>

namespace bpvs::sim {

namespace {

// The pace of the timers in bpf/director.bpf.cc.
constexpr u64 second = 1'000'000'000;
constexpr u64 rate_period = rate_seconds * second;

/// The verdict of the short way, which has done nothing about a frame that is to take the long one.
template <class E>
Verdict go_short_way(E& env, const Frame& frame) {
    const Frame before(frame.begin(), frame.end()); // `env` changes the frame
    const Verdict v = express(env, [](const Verdict& found) { return found; });
    if (v.reason == long_way.reason && frame != before)
        throw std::logic_error("a frame was changed before it was sent the long way");
    return v;
}

/// What finish() and finish_in_front() call.
template <class E>
struct Steps {
    E& env;
    Request& request = env.workspace()->request;
    Reason open() { return bpvs::open(env, request); }
    Verdict pass_opened() { return bpvs::pass_opened(env, *env.config(), request); }
    Verdict related() { return bpvs::related(env, *env.config()); }
    Verdict reset() { return bpvs::reset(env, *env.config(), env.workspace()->reset); }
    Verdict answer(Reason reason) { return bpvs::answer(env, reason); }
    Verdict refuse(Reason reason) { return verdict(reason); }
};

} // namespace

World::World(const Sizes& sizes) : tables_(sizes), jiffies_at_zero_(tables_.jiffies), next_rate_(rate_period) {}

Outcome World::ingress(u32 ifindex, Frame frame, u32 mark) {
    const Interface* in = routes_.find(ifindex);
    SimEnv env(tables_, routes_, frame, in ? in->mac : Mac{}, ifindex, mark);
    Verdict v = go_short_way(env, frame);
    went_short_way_ += action_of(v.reason) == Action::forward;
    if (v.reason == long_way.reason) {
        v = bpvs::ingress(env);
        if (is_unfinished(v.reason))
            v = finish(Steps<SimEnv>{env}, v.reason);
    }
    count(v.reason);
    return {v, std::move(frame), env.mark(), env.take_copies()};
}

Outcome World::ingress_behind_front(u32 ifindex, Frame frame, u32 mark) {
    const Interface* in = routes_.find(ifindex);
    const Frame before = frame;
    SimFrontEnv env(tables_, routes_, frame, in ? in->mac : Mac{}, ifindex, mark);
    Verdict v = go_short_way(env, frame);
    went_short_way_ += action_of(v.reason) == Action::forward;
    if (v.reason == long_way.reason) {
        v = front(env);
        if (v.reason == Reason::no_service)
            v = finish_in_front(Steps<SimFrontEnv>{env});
    }
    const Action action = action_of(v.reason);
    if (action == Action::forward || action == Action::drop) {
        finished_in_front_++;
        count(v.reason);
        return {v, std::move(frame), mark, {}};
    }
    if (frame != before)
        throw std::logic_error("a frame was changed before it was left to the hook behind");
    return ingress(ifindex, std::move(frame), mark);
}

Outcome World::egress(Frame frame) {
    SimEnv env(tables_, routes_, frame, Mac{});
    const Verdict v = bpvs::egress(env);
    if (action_of(v.reason) != Action::pass) // what is not ours was counted, if at all, when it arrived
        count(v.reason);
    return {v, std::move(frame), env.mark(), env.take_copies()};
}

u64 World::sweep() {
    SimTables t(tables_);
    Table& table = tables_.table;
    const u32 used = std::min(table.high_water, tables_.config.connections);
    const u32 slice = sweep_share(used);
    if (used) {
        const u32 first = table.sweep_cursor < used ? table.sweep_cursor : 0;
        const SweepOrders orders = sweep_orders(tables_.config, table);
        for (u32 i = 0; i < slice; i++)
            sweep_slot(t, tables_.config, (first + i) % used, orders);
        table.sweep_cursor = (first + slice) % used;
    }
    return second / sweep_ticks(used);
}

u64 World::rate() {
    const u32 dests = tables_.config.used_dests;
    const u32 used = dests + tables_.config.used_services;
    u32& cursor = tables_.table.rate_cursor;
    const u32 first = cursor < used ? cursor : 0;
    for (u32 n = first; tables_.config.settings.run_estimation && n < used && n < first + rate_slice; n++) {
        const u32 index = n < dests ? n : tables_.config.max_dests + (n - dests);
        if (index < tables_.rates.size())
            estimate_rates(tables_.rates[index], tables_.counters[index]);
    }
    cursor = first + rate_slice;
    return rate_period / rate_ticks(used);
}

void World::advance(u64 jiffies) {
    const u64 hz = tables_.config.hz;
    const u64 target_jiffies = tables_.jiffies + jiffies;
    const u64 target = (target_jiffies - jiffies_at_zero_) * second / hz;
    while (std::min(next_sweep_, next_rate_) <= target) {
        time_ = std::min(next_sweep_, next_rate_);
        tables_.jiffies = jiffies_at_zero_ + time_ * hz / second;
        if (next_sweep_ <= next_rate_)
            next_sweep_ = time_ + sweep();
        else
            next_rate_ = time_ + rate();
    }
    time_ = target;
    tables_.jiffies = target_jiffies;
}

} // namespace bpvs::sim
