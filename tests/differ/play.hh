// Plays a plan in one of the worlds and writes down all that can be seen of it.
#pragma once

#include "tests/differ/plan.hh"

#include <ostream>

namespace bpvs::differ {

/// Seconds since the beginning: when each round began, its packets went in and all had come out, and the end.
using Clock = std::vector<double>;
/// From a transcript.
Clock read_clock(std::istream& transcript);

/// With a clock, time is what it says (the native world's can be moved); without, it passes by itself.
void play(Bench& bench, const Plan& plan, const Clock* clock, std::ostream& transcript);

} // namespace bpvs::differ
