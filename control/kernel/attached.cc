#include "control/kernel/attached.hh"

#include "control/kernel/tcx.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace bpvs::kernel {

namespace {

constexpr const char* ingress_name = "bpvs_ingress";
constexpr const char* egress_name = "bpvs_egress";

} // namespace

TcPlace place_at_tc(u32 ifindex) {
    if (tcx_attached(ifindex, TcxHook::ingress, ingress_name))
        return TcPlace::tcx;
    return tc_attached(ifindex) ? TcPlace::tc : TcPlace::none;
}

std::string why_not_tcx(u32 ifindex, bool marks_count) {
    if (!has_tcx(ifindex))
        return "this kernel has no tcx, which Linux 6.6 brought";
    if (tc_has_others(ifindex))
        return "others have filters there, which would come after it";
    return marks_count ? "there are services by mark, and filters that set marks would come after it" : "";
}

AttachedInterfaces::AttachedInterfaces(const std::string& directory)
    : map_(bpf_obj_get((directory + "/attached").c_str())) {}

Attachment AttachedInterfaces::noted(u32 ifindex, bool& known) const {
    Attachment a{};
    known = bpf_map_lookup_elem(map_.get(), &ifindex, &a) == 0;
    return a;
}

// Noted first: whatever happens next, `down` knows where to look.

/// What leaves meets the program at tcx where the kernel has it: it looks at this host's own packets only, and all the
/// others would pay for a classifier.
Result<void> AttachedInterfaces::attach_tc(const Interface& i, const Programs& programs, const Attachment& before,
                                           bool known) {
    const u32 own_qdisc = before.created_qdisc != 0 || !tc_has_qdisc(i.ifindex) ? 1 : 0;
    if (auto ok = note(i, {own_qdisc, before.tcx}); !ok)
        return ok;
    const bool leaves_by_tcx = has_tcx(i.ifindex);
    if (leaves_by_tcx)
        if (const int r = tcx_attach(i.ifindex, TcxHook::egress, egress_name, programs.egress.get()); r != 0)
            return give_up(i, before, known, r);
    if (auto ok = tc_attach(i, programs.ingress.get(), leaves_by_tcx ? -1 : programs.egress.get()); !ok) {
        if (!known)
            detach(i.ifindex);
        return ok;
    }
    tcx_detach(i.ifindex, TcxHook::ingress, ingress_name);
    return note(i, {own_qdisc, 0});
}

Result<void> AttachedInterfaces::attach_tcx(const Interface& i, const Programs& programs, const Attachment& before,
                                            bool known) {
    if (auto ok = note(i, {before.created_qdisc, 1}); !ok)
        return ok;
    int r = tcx_attach(i.ifindex, TcxHook::egress, egress_name, programs.egress.get());
    if (r == 0)
        r = tcx_attach(i.ifindex, TcxHook::ingress, ingress_name, programs.ingress.get());
    if (r != 0)
        return give_up(i, before, known, r);
    tc_detach(i.ifindex, before.created_qdisc != 0);
    return note(i, {0, 1});
}

/// Nothing stands where nothing stood.
Result<void> AttachedInterfaces::give_up(const Interface& i, const Attachment& before, bool known, int error) {
    if (!known)
        detach(i.ifindex);
    else if (auto ok = note(i, before); !ok)
        return ok;
    return fail(error == -EPERM ? Errc::permission : Errc::system,
                fmt::format("cannot attach to {} at tcx: {}", i.name, std::strerror(-error)));
}

Result<void> AttachedInterfaces::attach(const Interface& i, const Programs& programs, TcPlace place) {
    bool known = false;
    const Attachment before = noted(i.ifindex, known);
    return place == TcPlace::tcx ? attach_tcx(i, programs, before, known) : attach_tc(i, programs, before, known);
}

Result<void> AttachedInterfaces::renew(const Interface& i, const Programs& programs) {
    bool known = false;
    return attach(i, programs, noted(i.ifindex, known).tcx != 0 ? TcPlace::tcx : TcPlace::tc);
}

void AttachedInterfaces::detach(u32 ifindex) {
    bool known = false;
    tcx_detach(ifindex, TcxHook::ingress, ingress_name);
    tcx_detach(ifindex, TcxHook::egress, egress_name);
    tc_detach(ifindex, noted(ifindex, known).created_qdisc != 0);
    bpf_map_delete_elem(map_.get(), &ifindex);
}

std::vector<u32> AttachedInterfaces::all() const {
    std::vector<u32> indexes;
    u32 key = 0;
    for (int r = bpf_map_get_next_key(map_.get(), nullptr, &key); r == 0;
         r = bpf_map_get_next_key(map_.get(), &key, &key))
        indexes.push_back(key);
    return indexes;
}

Result<void> AttachedInterfaces::note(const Interface& i, const Attachment& attachment) {
    if (bpf_map_update_elem(map_.get(), &i.ifindex, &attachment, BPF_ANY) != 0)
        return fail(Errc::system, fmt::format("cannot note the attachment of {}: {}", i.name, std::strerror(errno)));
    return {};
}

} // namespace bpvs::kernel
