// The real IPVS, on a kernel that has it (tests/oracle/lvs-oracle), with ipvsadm.
#pragma once

#include "tests/scenarios/lib/wires.hh"

namespace bpvs::scenario {

/// Takes over the process's network namespace: one scenario, one process.
class IpvsBench : public Bench {
public:
    /// To be called before processes that play are forked: the programs that all of them run are loaded once.
    static void load_programs();
    /// Moves the process into a network namespace of its own. Throws Unavailable.
    IpvsBench();

    std::string name() const override { return "ipvs"; }
    void set_up(const Topology& topology) override;
    Answer arrive(const Link& on, const Frame& frame, u32 mark) override;
    Answer send_locally(const Link& on, const Frame& frame) override;
    void wait(double seconds) override;

    Result<void> command(const Words& words) override;
    /// `bpvs mark` in the words of iptables.
    Result<void> mark(const Words& words) override;
    /// Settings that only BPVS has are left out.
    Result<void> set(const std::vector<Assignment>& settings) override;
    Result<std::vector<ServiceView>> services(bool counters) override;
    Result<std::vector<ConnectionView>> connections() override;
    Result<std::optional<u64>> packets(Reason) override { return std::nullopt; }
    double time_lost() const override { return time_lost_; }

    std::vector<std::string> commands(const std::vector<Words>& lines) override;
    std::vector<Seen> exchange(const std::vector<Arrival>& arrivals) override;

private:
    std::optional<Wires> wires_;
    bool counted_ = true; ///< nothing happened since the counters were read
    double time_lost_ = 0;
};

} // namespace bpvs::scenario
