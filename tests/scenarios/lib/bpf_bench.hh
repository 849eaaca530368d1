// The packet path as the kernel runs it: programs loaded, pinned and configured by the control library in
// the current network namespace, frames put through them with BPF_PROG_TEST_RUN.
#pragma once

#include "tests/scenarios/lib/bench.hh"

#include <chrono>
#include <optional>
#include <vector>

namespace bpvs::scenario {

/// Takes over the process's network namespace: one scenario, one process.
class BpfBench : public DirectorBench {
public:
    /// Moves the process into a network namespace of its own. Throws Unavailable.
    explicit BpfBench(u32 connections = 1024) : BpfBench(connections, false) {}
    /// Takes the director down.
    ~BpfBench() override;
    BpfBench(const BpfBench&) = delete;
    BpfBench& operator=(const BpfBench&) = delete;

    std::string name() const override { return xdp_ ? "xdp" : "bpf"; }
    void set_up(const Topology& topology) override;
    Answer arrive(const Link& on, const Frame& frame, u32 mark) override;
    Answer send_locally(const Link& on, const Frame& frame) override;
    void wait(double seconds) override;
    double time_lost() const override;
    Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) override;
    Result<void> change_marks(const std::function<Result<void>(Marks)>& what) override;
    Result<void> read(const std::function<void(Director&, Store&)>& what) override;

protected:
    /// xdp: frames meet the program at XDP first, and the one at tc if that leaves them.
    BpfBench(u32 connections, bool xdp);

private:
    std::vector<Frame> sent_beside();
    void stand_at_xdp();
    std::optional<Answer> arrive_at_xdp(const Link& on, const Frame& frame, u32 mark);

    std::chrono::steady_clock::time_point begun_{}; ///< when the scenario did
    double waited_ = 0;                             ///< seconds, on purpose
    u32 connections_;
    bool xdp_;

protected:
    u64 finished_at_xdp_ = 0;

private:
    std::string pins_;
    std::vector<int> peers_; ///< sockets that see what leaves through the links
};

class XdpBench : public BpfBench {
public:
    XdpBench() : BpfBench(1024, true) {}
    u64 finished_at_xdp() const { return finished_at_xdp_; }
};

} // namespace bpvs::scenario
