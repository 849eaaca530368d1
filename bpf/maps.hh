// The director's maps. Sizes marked [user] are set by the control library when the director comes up.
// `bpftool map dump pinned …` shows every field by name.
#pragma once

#include "bpf/map.hh"
#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/model/reasons.hh"
#include "core/model/service.hh"

#include <linux/bpf.h>

namespace bpvs::bpf {

/// A timer and how often it has run.
struct TimerSlot {
    struct bpf_timer timer;
    u64 ticks;
};

} // namespace bpvs::bpf

// clang-format off
BPVS_MAP(config,    BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Config,  BPF_F_MMAPABLE)
BPVS_MAP(table,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Table,   BPF_F_MMAPABLE)
BPVS_MAP(services,  BPF_MAP_TYPE_HASH,         1, bpvs::ServiceKey, bpvs::Service, BPF_F_NO_PREALLOC)            // [user]
BPVS_MAP(dests,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Dest,    BPF_F_MMAPABLE)                      // [user]
BPVS_MAP(servers,   BPF_MAP_TYPE_HASH,         1, bpvs::ServerKey, bpvs::u32,  BPF_F_NO_PREALLOC)                    // [user]
BPVS_MAP(load_changes, BPF_MAP_TYPE_ARRAY,     1, bpvs::u32, bpvs::LoadChanges, 0)                                   // [user]
BPVS_MAP(cursors,   BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Cursor,  BPF_F_MMAPABLE)                      // [user]
BPVS_MAP(words,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::u64,     BPF_F_MMAPABLE)                      // [user]
BPVS_MAP(conns,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Conn,    BPF_F_MMAPABLE)                      // [user]
BPVS_MAP(flows,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::FlowBucket, 0)                                   // [user]
BPVS_MAP(more_flows, BPF_MAP_TYPE_HASH,        1, bpvs::Flow, bpvs::FlowTarget, 0)                               // [user]
BPVS_MAP(localities, BPF_MAP_TYPE_LRU_HASH, 16384, bpvs::LocalityKey, bpvs::Locality, 0)
BPVS_MAP(counters,  BPF_MAP_TYPE_PERCPU_ARRAY, 1, bpvs::u32, bpvs::Counters, 0)                                  // [user]
BPVS_MAP(ways,      BPF_MAP_TYPE_PERCPU_ARRAY, bpvs::ways, bpvs::u32, bpvs::Way, 0)
BPVS_MAP(rates,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Rates,   BPF_F_MMAPABLE)                      // [user]
BPVS_MAP(zeros,     BPF_MAP_TYPE_ARRAY,        1, bpvs::u32, bpvs::Counters, BPF_F_MMAPABLE)                     // [user]
BPVS_MAP(mark_rules, BPF_MAP_TYPE_ARRAY, 2 * bpvs::max_mark_rules, bpvs::u32, bpvs::MarkRule, BPF_F_MMAPABLE)
BPVS_MAP(mark_ports, BPF_MAP_TYPE_ARRAY, 2 * bpvs::max_mark_ports, bpvs::u32, bpvs::MarkPorts, BPF_F_MMAPABLE)
BPVS_MAP(mark_prefixes, BPF_MAP_TYPE_LPM_TRIE, bpvs::max_mark_prefixes, bpvs::MarkPrefix, bpvs::MarkRange, BPF_F_NO_PREALLOC)
BPVS_MAP(reasons,   BPF_MAP_TYPE_PERCPU_ARRAY, 2 * bpvs::reasons_at_xdp, bpvs::u32, bpvs::u64, 0)
BPVS_MAP(attached,  BPF_MAP_TYPE_HASH,       256, bpvs::u32, bpvs::Attachment, 0)
BPVS_MAP(timers,    BPF_MAP_TYPE_ARRAY,        2, bpvs::u32, bpvs::bpf::TimerSlot, 0)
// clang-format on

/// Free slots of `conns` below Table::high_water, oldest first. A queue has no key.
extern "C" {
struct free_conns_map {
    int (*type)[BPF_MAP_TYPE_QUEUE];
    int (*max_entries)[1]; // [user]
    bpvs::u32* value;
} free_conns __attribute__((section(".maps"), used));
}
