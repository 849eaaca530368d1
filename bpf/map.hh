// BPVS_MAP: the definition of a BPF map.
#pragma once

#include <linux/bpf.h>

// libbpf reads a map's definition from the BTF of these variables: type and flags are array lengths.
// clang-format off
#define BPVS_MAP(name, map_type, entries, key_type, value_type, flags)                                                 \
    extern "C" {                                                                                                       \
    struct name##_map {                                                                                                \
        int (*type)[map_type];                                                                                         \
        int (*max_entries)[entries];                                                                                   \
        int (*map_flags)[flags];                                                                                       \
        key_type* key;                                                                                                 \
        value_type* value;                                                                                             \
    } name __attribute__((section(".maps"), used));                                                                    \
    }
// clang-format on
