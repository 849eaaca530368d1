// Bench: a director with its surroundings, in one of the worlds that run the packet path.
#pragma once

#include "control/director.hh"
#include "control/marks.hh"
#include "control/store.hh"
#include "tests/scenarios/lib/packet.hh"

#include <functional>
#include <string>

namespace bpvs::scenario {

/// What became of a frame. `passed`: it goes on to the kernel's stack (or, sent by it, to the wire).
enum class Fate { passed, forwarded, dropped };

struct Answer {
    Fate fate;
    Frame frame;
    std::string reason; ///< if the world tells
    u32 mark = 0;
};

class Bench {
public:
    virtual ~Bench() = default;
    virtual std::string name() const = 0;

    /// Called once, before anything else.
    virtual void set_up(const Topology& topology) = 0;
    virtual Answer arrive(const Link& on, const Frame& frame, u32 mark) = 0;
    /// The host's own stack sends a frame through a link.
    virtual Answer send_locally(const Link& on, const Frame& frame) = 0;
    virtual void wait(double seconds) = 0;

    virtual Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) = 0;
    virtual Result<void> change_marks(const std::function<Result<void>(Marks)>& what) = 0;
    virtual Result<void> read(const std::function<void(Director&, Store&)>& what) = 0;
};

} // namespace bpvs::scenario
