#include "control/rotation.hh"

#include <random>

namespace bpvs {
namespace {

/// A scheduler that looks at the list itself.
const RotationKind no_rotation{
    .begin = [](Entries) { return Turn{}; },
    .now = [](const Service&, Entries, u64) { return Turn{}; },
    .after_change = [](const Turn&, Entries, Entries) { return Turn{}; },
    .lay_out = [](Entries, std::span<const Dest>, const Turn&, u64) { return Result<Rotation>{}; },
};

/// One that remembers addresses, for as long as the service has it. The number is only to be another each time.
const RotationKind locality{
    .begin = [](Entries) { return Turn{.current_weight = std::random_device{}()}; },
    .now = [](const Service& service, Entries, u64) { return Turn{.current_weight = service.current_weight}; },
    .after_change = [](const Turn& turn, Entries, Entries) { return turn; },
    .lay_out = no_rotation.lay_out,
};

} // namespace

const RotationKind& rotation_kind(Scheduler scheduler) {
    switch (scheduler) {
    case Scheduler::rr:
        return rr_rotation;
    case Scheduler::wrr:
        return wrr_rotation;
    case Scheduler::sh:
        return sh_rotation;
    case Scheduler::dh:
        return dh_rotation;
    case Scheduler::mh:
        return mh_rotation;
    case Scheduler::lblc:
    case Scheduler::lblcr:
        return locality;
    default:
        return no_rotation;
    }
}

} // namespace bpvs
