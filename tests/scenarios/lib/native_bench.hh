// The packet path compiled natively: sim::World under the control library.
#pragma once

#include "control/director.hh"
#include "sim/memory_store.hh"
#include "sim/world.hh"
#include "tests/scenarios/lib/bench.hh"

namespace bpvs::scenario {

class NativeBench : public DirectorBench {
public:
    /// front: with the recipe of another hook in front.
    explicit NativeBench(const sim::Sizes& sizes = {}, bool front = false);

    std::string name() const override { return front_ ? "front" : "native"; }
    void set_up(const Topology& topology) override;
    Answer arrive(const Link& on, const Frame& frame, u32 mark) override;
    Answer send_locally(const Link& on, const Frame& frame) override;
    void wait(double seconds) override { world_.advance_seconds(seconds); }
    Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) override {
        return what(director_, store_);
    }
    Result<void> change_marks(const std::function<Result<void>(Marks)>& what) override { return what(Marks(store_)); }
    Result<void> read(const std::function<void(Director&, Store&)>& what) override {
        what(director_, store_);
        return {};
    }

    sim::World& world() { return world_; }
    sim::Tables& tables() { return world_.tables(); }

private:
    bool front_;
    sim::World world_;
    sim::MemoryStore store_;
    Director director_;
};

const char* reason_name(Reason reason);

} // namespace bpvs::scenario
