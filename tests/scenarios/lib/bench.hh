// Bench: a director with its surroundings, in one of the worlds that run the packet path.
#pragma once

#include "control/director.hh"
#include "control/marks.hh"
#include "control/settings.hh"
#include "control/store.hh"
#include "tests/scenarios/lib/packet.hh"

#include <functional>
#include <string>
#include <vector>

namespace bpvs::scenario {

/// The kernel, a program or the privileges for a world are missing.
struct Unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A frame that arrives on a link.
struct Arrival {
    const Link* on;
    Frame frame;
    u32 mark = 0;
};

/// A frame that left through a link.
struct Seen {
    const Link* on;
    Frame frame;
    friend bool operator==(const Seen&, const Seen&) = default;
};

/// What became of a frame. `passed`: it goes on to the kernel's stack (or, sent by it, to the wire). `watched`: all
/// that can be said is what came out on the wires.
enum class Fate { passed, forwarded, dropped, watched };

struct Answer {
    Fate fate;
    Frame frame;
    std::string reason; ///< if the world tells
    u32 mark = 0;
    std::vector<Seen> seen{};    ///< watched
    std::vector<Frame> beside{}; ///< frames that the director sent on the way
};

/// The words of a command line, after its name.
using Words = std::vector<std::string>;

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

    /// bpvsadm, or its like.
    virtual Result<void> command(const Words& words) = 0;
    virtual Result<void> mark(const Words& words) = 0;
    virtual Result<void> set(const std::vector<Assignment>& settings) = 0;

    /// Counters: true: as exact as they get, whatever that takes; false: they need not be read.
    virtual Result<std::vector<ServiceView>> services(bool counters) = 0;
    virtual Result<std::vector<ConnectionView>> connections() = 0;
    /// nullopt: this world counts no reasons.
    virtual Result<std::optional<u64>> packets(Reason reason) = 0;
    /// Seconds that reading counters took so far.
    virtual double time_lost() const { return 0; }

    // Many at once: worlds that can do so faster than one by one say how.

    /// Carries out all of them; the complaints.
    virtual std::vector<std::string> commands(const std::vector<Words>& lines);
    /// Everything that comes out when these have arrived, one after the other.
    virtual std::vector<Seen> exchange(const std::vector<Arrival>& arrivals);

protected:
    Topology topology_; ///< set_up() keeps it
};

/// A bench whose director is ours.
class DirectorBench : public Bench {
public:
    Result<void> command(const Words& words) override;
    Result<void> mark(const Words& words) override;
    Result<void> set(const std::vector<Assignment>& settings) override;
    Result<std::vector<ServiceView>> services(bool counters) override;
    Result<std::vector<ConnectionView>> connections() override;
    Result<std::optional<u64>> packets(Reason reason) override;
    std::vector<std::string> commands(const std::vector<Words>& lines) override;

    virtual Result<void> change(const std::function<Result<void>(Director&, Store&)>& what) = 0;
    virtual Result<void> change_marks(const std::function<Result<void>(Marks)>& what) = 0;
    virtual Result<void> read(const std::function<void(Director&, Store&)>& what) = 0;
};

} // namespace bpvs::scenario
