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

constexpr std::array<Switch, 0> switches{};

} // namespace bpvs::scenario
