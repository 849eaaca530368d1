// The packet path as the kernel runs it: programs loaded, pinned and configured by the control library in
// the current network namespace, frames put through them with BPF_PROG_TEST_RUN.
#pragma once

#include "control/open.hh"
#include "tests/scenarios/lib/bench.hh"
#include "tests/support/standing.hh"

#include <chrono>
#include <optional>
#include <vector>

namespace bpvs::scenario {

/// In front of whom the frames of a scenario arrive.
enum class Hook { tc, xdp };

/// Takes over the process's network namespace. Its director stands from one scenario to the next.
class BpfBench : public DirectorBench {
public:
    /// Moves the process into a network namespace of its own. Throws Unavailable.
    explicit BpfBench(const UpOptions& room = {.connections = 1024, .services = 64, .servers = 4096});
    /// Takes the director down.
    ~BpfBench() override;
    BpfBench(const BpfBench&) = delete;
    BpfBench& operator=(const BpfBench&) = delete;

    /// Where the next scenario begins: at xdp, frames meet the program there first, and the one at tc if that leaves
    /// them.
    void play_at(Hook hook) { hook_ = hook; }

    std::string name() const override { return hook_ == Hook::xdp ? "xdp" : "bpf"; }
    /// Each time anew: a director as one that has just come up. Throws Unavailable, or Wrong when its maps say
    /// otherwise.
    void set_up(const Topology& topology) override;
    Answer arrive(const Link& on, const Frame& frame, u32 mark) override;
    Answer send_locally(const Link& on, const Frame& frame) override;
    void wait(double seconds) override;
    double time_lost() const override;
    Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) override;
    Result<void> change_marks(const std::function<Result<void>(Marks)>& what) override;
    Result<void> read(const std::function<void(Director&, Store&)>& what) override;

    /// Frames of this scenario that did not get to tc.
    u64 finished_at_xdp() const { return finished_at_xdp_; }

private:
    void bring_up();
    void make_fresh();
    void attach_at_xdp();
    std::vector<Frame> sent_beside();
    std::optional<Answer> arrive_at_xdp(const Link& on, const Frame& frame, u32 mark);

    UpOptions room_;
    Hook hook_ = Hook::tc;
    bool attached_at_xdp_ = false;
    std::string missing_; ///< what a director needs here
    std::string pins_;
    std::vector<int> peers_;    ///< sockets that see what leaves through the links
    support::Contents fresh_{}; ///< the director's, when it had just come up

    // of this scenario
    std::chrono::steady_clock::time_point begun_{}; ///< when it did
    double waited_ = 0;                             ///< seconds, on purpose
    u64 finished_at_xdp_ = 0;
};

} // namespace bpvs::scenario
