// World: a director outside the kernel. Frames go in, verdicts and frames come out; time passes when told.
#pragma once

#include "core/pipeline/verdict.hh"
#include "sim/env.hh"

namespace bpvs::sim {

struct Outcome {
    Verdict verdict;
    Frame frame;              ///< as the program left it
    u32 mark;                 ///< as the program left it
    std::vector<Copy> copies; ///< frames that were sent on the way
};

class World {
public:
    explicit World(const Sizes& sizes = {});

    Tables& tables() { return tables_; }
    Routes& routes() { return routes_; }

    /// A frame arrives on an interface that `routes` knows, marked by whoever saw it before.
    Outcome ingress(u32 ifindex, Frame frame, u32 mark = 0);
    /// The same with the recipe of another hook in front: the frame that it leaves must be as it was.
    Outcome ingress_behind_front(u32 ifindex, Frame frame, u32 mark = 0);
    u64 finished_in_front() const { return finished_in_front_; }
    u64 went_short_way() const { return went_short_way_; }
    /// This host's own stack sends a frame.
    Outcome egress(Frame frame);

    /// The sweep and the estimator run when they are due, as the kernel's timers do.
    void advance(u64 jiffies);
    void advance_seconds(double seconds) { advance(static_cast<u64>(seconds * tables_.config.hz)); }

    u64 packets(Reason reason) const { return tables_.reasons[static_cast<std::size_t>(reason)]; }

private:
    u64 sweep(); ///< returns nanoseconds until the next one
    u64 rate();
    void count(Reason reason) { tables_.reasons[static_cast<std::size_t>(reason)]++; }

    Tables tables_;
    Routes routes_;
    u64 finished_in_front_ = 0;
    u64 went_short_way_ = 0; ///< and were not left
    u64 time_ = 0;           ///< nanoseconds since the beginning
    u64 jiffies_at_zero_;
    u64 next_sweep_ = 0;
    u64 next_rate_;
};

} // namespace bpvs::sim
