// The standing director: brought up once, and made fresh between test cases. A case needs clean maps, not new
// programs: the kernel takes a second and more to verify them (docs/adr/0020-tests-keep-their-director.md).
#pragma once

#include "control/error.hh"
#include "tests/support/maps.hh"

namespace bpvs::support {

/// Makes the director of the current network namespace as it was when it came up: no service, no connection, every
/// counter 0, every setting its default. Interfaces stay attached and the timers go on. It waits for the command that
/// holds the director, and for the packets that run through it.
Result<void> reset_director();

/// What the maps hold of that director that must be the same in every fresh one.
Result<Contents> contents_of_director();

} // namespace bpvs::support
