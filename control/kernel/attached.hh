// The interfaces a director sits on, at tc or at tcx; our record of them is a pinned map.
#pragma once

#include "control/kernel/interfaces.hh"
#include "control/kernel/loader.hh"

namespace bpvs::kernel {

/// Where both programs stand: between the filters of the clsact qdisc, or at the tcx hooks before them.
enum class TcPlace : u8 { none, tc, tcx };

/// As the kernel says.
TcPlace place_at_tc(u32 ifindex);

/// Why tcx does not suit this interface; empty: nobody notices.
std::string why_not_tcx(u32 ifindex, bool marks_count);

class AttachedInterfaces {
public:
    explicit AttachedInterfaces(const std::string& directory);

    /// Also moves them from one place to the other: the new one is taken before the old one is left.
    Result<void> attach(const Interface& i, const Programs& programs, TcPlace place);
    /// Replaces the programs where they stand.
    Result<void> renew(const Interface& i, const Programs& programs);
    void detach(u32 ifindex);
    std::vector<u32> all() const;

private:
    Attachment noted(u32 ifindex, bool& known) const;
    Result<void> note(const Interface& i, const Attachment& attachment);
    Result<void> attach_tc(const Interface& i, const Programs& programs, const Attachment& before, bool known);
    Result<void> give_up(const Interface& i, const Attachment& before, bool known, int error);
    Result<void> attach_tcx(const Interface& i, const Programs& programs, const Attachment& before, bool known);

    Fd map_;
};

} // namespace bpvs::kernel
