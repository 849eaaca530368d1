#include "control/kernel/tcx.hh"

#include "control/kernel/fd.hh"

#include <bpf/bpf.h>

#include <array>
#include <cerrno>

namespace bpvs::kernel {

namespace {

bpf_attach_type type_of(TcxHook hook) { return static_cast<bpf_attach_type>(hook); }

/// The program of that name on the hook; its id in `id`.
Fd find(u32 ifindex, TcxHook hook, std::string_view name, u32& id) {
    std::array<u32, 64> ids{};
    u32 count = ids.size();
    if (bpf_prog_query(static_cast<int>(ifindex), type_of(hook), 0, nullptr, ids.data(), &count) != 0)
        return {};
    for (u32 i = 0; i < count; i++) {
        Fd program(bpf_prog_get_fd_by_id(ids[i]));
        bpf_prog_info info{};
        u32 size = sizeof info;
        if (program && bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0 && name == info.name) {
            id = ids[i];
            return program;
        }
    }
    return {};
}

} // namespace

bool has_tcx(u32 ifindex) {
    u32 count = 0;
    return bpf_prog_query(static_cast<int>(ifindex), type_of(TcxHook::ingress), 0, nullptr, nullptr, &count) == 0;
}

int tcx_attach(u32 ifindex, TcxHook hook, std::string_view name, int program) {
    u32 id = 0;
    const Fd before = find(ifindex, hook, name, id);
    LIBBPF_OPTS(bpf_prog_attach_opts, options, .flags = before ? u32{BPF_F_REPLACE} : 0,
                .replace_prog_fd = before ? before.get() : 0, );
    if (bpf_prog_attach_opts(program, static_cast<int>(ifindex), type_of(hook), &options) == 0)
        return 0;
    return errno == EEXIST ? 0 : -errno; // it is there already
}

void tcx_detach(u32 ifindex, TcxHook hook, std::string_view name) {
    u32 id = 0;
    if (const Fd program = find(ifindex, hook, name, id))
        bpf_prog_detach2(program.get(), static_cast<int>(ifindex), type_of(hook));
}

std::optional<u32> tcx_attached(u32 ifindex, TcxHook hook, std::string_view name) {
    u32 id = 0;
    return find(ifindex, hook, name, id) ? std::optional(id) : std::nullopt;
}

} // namespace bpvs::kernel
