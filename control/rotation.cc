#include "control/rotation.hh"

namespace bpvs {
namespace {

const RotationKind no_rotation{
    .begin = [](Entries) { return Turn{}; },
    .now = [](const Service&, Entries, u64) { return Turn{}; },
    .after_change = [](const Turn&, Entries, Entries) { return Turn{}; },
    .lay_out = [](Entries, std::span<const Dest>, const Turn&, u64) { return Result<Rotation>{}; },
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
        return locality_rotation;
    case Scheduler::twos:
        return twos_rotation;
    case Scheduler::none:
        return no_rotation;
    default:
        return load_rotation;
    }
}

} // namespace bpvs
