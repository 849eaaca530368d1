// Waiting until no packet works with what was replaced.
//
// A packet program runs with softirqs disabled and is not preempted: a thread that has been on a CPU since knows that
// every program that ran there before is over. So to have been on every CPU once is to have waited for all packets,
// and takes a fraction of a millisecond where a grace period of the kernel takes up to twenty. Where that does not hold
// (a real-time kernel preempts softirqs), where some CPU is not ours to use (a cpuset), or where a CPU does not let us
// run, the kernel's grace period is waited for.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace bpvs::kernel {

/// Returns when no packet program still runs that was running before the call.
void wait_for_programs();

/// The numbers in a list as the kernel writes them: "0-3,8". Nothing: it is not one.
std::optional<std::vector<int>> cpus_in(std::string_view list);

/// Has a thread run on each of these CPUs, one after the other; false when it may not, or not within `patience`.
bool run_on_all(const std::vector<int>& cpus, std::chrono::milliseconds patience);

} // namespace bpvs::kernel
