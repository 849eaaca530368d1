// The kernel's tcx hooks, Linux 6.6 and newer: a program there runs before all filters of the clsact qdisc, and without
// what those cost.
#pragma once

#include "core/model/types.hh"

#include <optional>
#include <string_view>

namespace bpvs::kernel {

/// As enum bpf_attach_type of newer kernels numbers them.
enum class TcxHook : u32 { ingress = 46, egress = 47 };

/// Has this kernel these hooks?
bool has_tcx(u32 ifindex);
/// Puts a program behind those of others, or in the place of the one of its name. 0, or a negative errno.
int tcx_attach(u32 ifindex, TcxHook hook, std::string_view name, int program);
void tcx_detach(u32 ifindex, TcxHook hook, std::string_view name);
/// Id of the program of that name; nothing: there is none.
std::optional<u32> tcx_attached(u32 ifindex, TcxHook hook, std::string_view name);

} // namespace bpvs::kernel
