// The packet path as the kernel runs it: programs loaded, pinned and configured by the control library in
// the current network namespace, frames put through them with BPF_PROG_TEST_RUN.
#pragma once

#include "tests/scenarios/lib/bench.hh"

#include <vector>

namespace bpvs::scenario {

/// Takes over the process's network namespace: one scenario, one process.
class BpfBench : public DirectorBench {
public:
    /// Moves the process into a network namespace of its own. Throws Unavailable.
    explicit BpfBench(u32 connections = 1024);
    /// Takes the director down.
    ~BpfBench() override;
    BpfBench(const BpfBench&) = delete;
    BpfBench& operator=(const BpfBench&) = delete;

    std::string name() const override { return "bpf"; }
    void set_up(const Topology& topology) override;
    Answer arrive(const Link& on, const Frame& frame, u32 mark) override;
    Answer send_locally(const Link& on, const Frame& frame) override;
    void wait(double seconds) override;
    Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) override;
    Result<void> change_marks(const std::function<Result<void>(Marks)>& what) override;
    Result<void> read(const std::function<void(Director&, Store&)>& what) override;

private:
    std::vector<Frame> sent_beside();

    u32 connections_;
    std::string pins_;
    std::vector<int> peers_; ///< sockets that see what leaves through the links
};

} // namespace bpvs::scenario
