// The settings that make BPVS do as IPVS does where it does better by itself. The real IPVS does not have them, and
// whoever compares the two sets them first.
#pragma once

#include <array>
#include <string_view>

namespace bpvs::scenario {

struct Switch {
    std::string_view name;
    std::string_view value; ///< as IPVS
};

constexpr std::array switches{
    Switch{"bpvs.hold_expired", "0"},
    Switch{"bpvs.reset_removed", "0"},
    Switch{"bpvs.reuse_closing", "0"},
};

} // namespace bpvs::scenario
