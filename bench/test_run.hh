// Test runs of loaded programs: what bpvs-prog-run and bpvs-mark-run share.
#pragma once

#include "bench/frame.hh"
#include "control/kernel/fd.hh"

#include <optional>
#include <string>
#include <vector>

struct bpf_object;

namespace bpvs::bench {

struct Interface {
    u32 index = 0;
    lab::Mac mac{};
};

enum class Hook { tc, xdp };

/// A packet, and where it comes in.
struct Run {
    Frame frame{};
    u32 ifindex = 0;
    u32 came_in_by = 0; ///< ingress_ifindex, for the egress program
    Hook hook = Hook::tc;
};

struct Outcome {
    u32 nanoseconds; ///< per repetition, rounded down by the kernel
    u32 result;
    Frame frame;
};

/// All give up, by an exception whose text is a sentence, when the machine does not let them.
[[noreturn]] void give_up(const std::string& sentence);
Interface interface_named(const std::string& name);
/// An object file of the benchmarks' own programs, to be loaded.
bpf_object* open_object(const std::string& file);
/// Of this network namespace's director.
kernel::Fd pinned_program(const std::string& name);
/// The same; nothing where no interface is attached so.
std::optional<kernel::Fd> program_at_xdp();
/// One that does nothing. `parts`: at XDP, it takes frames of several parts, as the director's does.
kernel::Fd empty_program(Hook hook = Hook::tc, bool parts = false);
Outcome test_run(int program, const Run& run, int times);

u32 median(std::vector<u32>& values);

} // namespace bpvs::bench
