// The interfaces a director sits on; our record of them is a pinned map.
#pragma once

#include "control/kernel/interfaces.hh"
#include "control/kernel/loader.hh"

namespace bpvs::kernel {

class AttachedInterfaces {
public:
    explicit AttachedInterfaces(const std::string& directory);

    Result<void> attach(const Interface& i, const Programs& programs);
    void detach(u32 ifindex);
    std::vector<u32> all() const;

private:
    Result<void> note(const Interface& i, const Attachment& attachment);

    Fd map_;
};

} // namespace bpvs::kernel
