// The far ends of a topology's links: frames go in there, and come out.
#pragma once

#include "tests/scenarios/lib/bench.hh"

namespace bpvs::scenario {

/// Needs what build_surroundings() built.
class Wires {
public:
    explicit Wires(const Topology& topology);
    ~Wires();
    Wires(const Wires&) = delete;
    Wires& operator=(const Wires&) = delete;

    /// Sends frames in, and returns all that comes out: by link, in its order. Nobody waits: a datagram that the host
    /// merely routes follows from each side, and what has not come out before it is not coming.
    std::vector<Seen> exchange(const std::vector<Arrival>& arrivals);

private:
    struct End {
        const Link* link;
        int fd;
        std::vector<Seen> seen;
        bool complete;
    };

    void send(End& end, const Frame& frame, u32 mark);
    void send_closing();
    /// Takes what is there.
    void receive(End& end);
    End& end_of(const Link& link);

    const Topology& topology_;
    std::vector<End> ends_;
    u32 exchanges_ = 0;
};

} // namespace bpvs::scenario
