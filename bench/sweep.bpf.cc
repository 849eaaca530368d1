// Before and after each timer of the kernel: was it the tick of the director's sweep (bpf/timers.hh), and how long did
// it take?
#include "bench/sweep.hh"
#include "bpf/map.hh"

BPVS_MAP(sweep_timer, BPF_MAP_TYPE_ARRAY, 1, bpvs::u32, bpvs::bench::SweepTimer, 0)
BPVS_MAP(sweep_seen, BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::bench::SweepSeen, 0)

namespace {

using namespace bpvs;
using namespace bpvs::bench;

void* (*const lookup)(void* map,
                      const void* key) = reinterpret_cast<void* (*)(void*, const void*)>(BPF_FUNC_map_lookup_elem);
u64 (*const nanoseconds)() = reinterpret_cast<u64 (*)()>(BPF_FUNC_ktime_get_ns);
long (*const read_kernel)(void* to, u32 size,
                          u64 from) = reinterpret_cast<long (*)(void*, u32, u64)>(BPF_FUNC_probe_read_kernel);

template <class T>
[[gnu::always_inline]] inline T* first_of(void* map) {
    const u32 zero = 0;
    return static_cast<T*>(lookup(map, &zero));
}

/// Zero where there is nothing to read: any timer of the kernel is looked at.
template <class T>
[[gnu::always_inline]] inline T at(u64 address) {
    T value{};
    return read_kernel(&value, sizeof value, address) == 0 ? value : T{};
}

[[gnu::always_inline]] inline bool is_sweep(u64 timer) {
    const SweepTimer* our = first_of<SweepTimer>(&::sweep_timer);
    if (!our)
        return false;
    const u64 holder = timer - our->in_bpf_timer;
    const u64 map = at<u64>(holder + our->map);
    return map != 0 && at<u64>(holder + our->value) == map + our->first && at<u32>(map + our->id) == our->map_id;
}

} // namespace

extern "C" {

[[gnu::section("raw_tp/hrtimer_expire_entry"), gnu::used]] int sweep_begins(const bpvs::u64* arguments) {
    SweepSeen* seen = first_of<SweepSeen>(&::sweep_seen);
    if (seen && is_sweep(arguments[0])) {
        seen->running = arguments[0];
        seen->began = nanoseconds();
    }
    return 0;
}

/// Another timer may have run in between.
[[gnu::section("raw_tp/hrtimer_expire_exit"), gnu::used]] int sweep_ends(const bpvs::u64* arguments) {
    SweepSeen* seen = first_of<SweepSeen>(&::sweep_seen);
    if (!seen || seen->running != arguments[0])
        return 0;
    const u64 took = nanoseconds() - seen->began;
    const u64 microseconds = took / 1000;
    const u64 place = microseconds < sweep_microseconds ? microseconds : sweep_microseconds - 1;
    seen->running = 0;
    seen->ticks++;
    if (took > seen->longest)
        seen->longest = took;
    seen->took[place & (sweep_microseconds - 1)]++; // the verifier loses sight of the division's bound
    return 0;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
