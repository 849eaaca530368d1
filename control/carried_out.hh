// What this version's packet programs carry out of all that ipvsadm can set up. The rest is refused when a
// service or a server is added or edited, never stored and ignored. Whoever makes the packet path do more
// lifts the refusal here, and nowhere else.
#pragma once

#include "control/error.hh"
#include "control/specs.hh"

#include <string>

namespace bpvs {

/// An enumerator below 32 as a member of a set.
template <class Enum>
constexpr u32 bit_of(Enum e) {
    return 1u << static_cast<u32>(e);
}

struct CarriedOut {
    bool engines = false; ///< --pe
    u32 methods = bit_of(Forward::masq);

    /// All that IPVS does: for tables that no packet is run on.
    static constexpr CarriedOut everything() { return {.engines = true, .methods = ~0u}; }

    /// not_supported. `what` begins the message ("Cannot add the service TCP 1.1.1.1:80").
    Result<void> check_service(const ServiceSpec& spec, const std::string& what) const;
    Result<void> check_server(const ServerSpec& spec, Family service, const std::string& what) const;
};

} // namespace bpvs
