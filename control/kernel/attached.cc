#include "control/kernel/attached.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace bpvs::kernel {

AttachedInterfaces::AttachedInterfaces(const std::string& directory)
    : map_(bpf_obj_get((directory + "/attached").c_str())) {}

Result<void> AttachedInterfaces::attach(const Interface& i, const Programs& programs) {
    Attachment before{};
    const bool known = bpf_map_lookup_elem(map_.get(), &i.ifindex, &before) == 0;
    // Noted first: whatever happens next, `down` knows where to look.
    if (auto noted = note(i, {known ? before.created_qdisc : 1U, 0}); !noted)
        return noted;
    auto created = tc_attach(i, programs.ingress.get(), programs.egress.get());
    if (!created) {
        if (!known)
            bpf_map_delete_elem(map_.get(), &i.ifindex);
        return std::unexpected(created.error());
    }
    return note(i, {before.created_qdisc | (*created ? 1U : 0U), 0});
}

void AttachedInterfaces::detach(u32 ifindex) {
    Attachment attachment{};
    bpf_map_lookup_elem(map_.get(), &ifindex, &attachment);
    tc_detach(ifindex, attachment.created_qdisc != 0);
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
