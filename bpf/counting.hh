// Counting what became of packets.
#pragma once

#include "bpf/tables.hh"

namespace bpvs::bpf {

[[gnu::always_inline]] inline void count(Reason reason) {
    if (u64* n = BpfTables::element<u64>(::reasons, static_cast<u32>(reason)))
        *n += 1;
}

[[gnu::always_inline]] inline void count_at_xdp(Reason reason) {
    if (u64* n = BpfTables::element<u64>(::reasons, reasons_at_xdp + static_cast<u32>(reason)))
        *n += 1;
}

} // namespace bpvs::bpf
