// Plays a scenario on a bench: line after line, until one fails.
#pragma once

#include "tests/scenarios/lib/bench.hh"

#include <optional>
#include <string>

namespace bpvs::scenario {

struct Failure {
    int line;
    std::string step;
    std::string what;
};
std::string to_text(const Failure& failure);

class Player {
public:
    explicit Player(Bench& bench) : bench_(bench) {}

    /// May be called again: the bench and what happened to it stay.
    std::optional<Failure> play(std::string_view text);

private:
    void step(const Words& words);
    void set_up_once();
    void change_topology(const Words& words);

    void send(const Words& packet, bool local);
    void expect_out(const Words& words);
    void expect_rewritten(const Words& packet);
    void expect_pass(u32 mark);
    void expect_drop();
    /// The last packet ended so, as this frame.
    void expect(Fate fate, const Frame& frame);
    void expect_on_the_wires(Fate fate, const Frame& frame);
    void expect_beside(const Words& packet);
    void nothing_else_left() const;
    void compare(const Frame& expected, const Frame& got);

    void expect_counters(const Words& words);
    void expect_conn(const Words& words, bool present);
    void expect_conns(const Words& words);
    void expect_reason(const Words& words);

    Bench& bench_;
    Topology topology_;
    bool is_set_up_ = false;
    bool unanswered_ = false; ///< a packet went in and nothing was said about it yet
    const Link* sent_on_ = nullptr;
    Frame sent_;
    u32 sent_mark_ = 0;
    Answer answer_{};
};

} // namespace bpvs::scenario
