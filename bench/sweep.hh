// What bpvs-sweep-run and its programs (sweep.bpf.cc) share.
#pragma once

#include "core/model/types.hh"

namespace bpvs::bench {

/// How to tell the director's timer from all others: offsets in the kernel's structures, as its type information says.
struct SweepTimer {
    u32 map_id;       ///< of the map that the timer is in
    u32 in_bpf_timer; ///< of the kernel's timer in the one of a BPF program, which has the pointers …
    u32 map;          ///< … to the map
    u32 value;        ///< … and to the element that the timer is in
    u32 id;           ///< of a map
    u32 first;        ///< of a map's first element, which is the sweep's
};

constexpr u32 sweep_microseconds = 4096; ///< a power of two; ticks that take longer are counted as this long

/// The ticks of the sweep on one CPU.
struct SweepSeen {
    u64 running; ///< the timer, while it runs
    u64 began;
    u64 ticks;
    u64 longest;                  ///< nanoseconds
    u32 took[sweep_microseconds]; ///< how many ticks took so many microseconds
};

} // namespace bpvs::bench
