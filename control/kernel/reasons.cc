#include "control/kernel/reasons.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <numeric>

namespace bpvs::kernel {

std::optional<std::vector<u64>> read_reasons(int map, u32 first) {
    std::vector<u64> sums(static_cast<std::size_t>(Reason::count));
    std::vector<u64> cpus(static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1)));
    for (u64& sum : sums) {
        if (bpf_map_lookup_elem(map, &first, cpus.data()) != 0)
            return std::nullopt;
        sum = std::accumulate(cpus.begin(), cpus.end(), u64{0});
        first++;
    }
    return sums;
}

} // namespace bpvs::kernel
