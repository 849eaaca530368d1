#include "control/rotation.hh"

namespace bpvs {

const RotationKind& rotation_kind(Scheduler scheduler) {
    switch (scheduler) {
    case Scheduler::wrr:
        return wrr_rotation;
    case Scheduler::rr:
    case Scheduler::none:
        break;
    }
    return rr_rotation;
}

} // namespace bpvs
