// Loader: from the BPF object in this binary to pinned maps and programs, and from an older loaded
// program to this one without losing a connection.
#pragma once

#include "control/error.hh"
#include "control/kernel/fd.hh"
#include "core/model/config.hh"
#include "core/model/types.hh"

#include <functional>
#include <memory>
#include <string>

struct bpf_object;

namespace bpvs::kernel {

/// Version and content hash of the BPF objects that this binary carries.
u32 object_version();
u64 object_build();

/// How much a director's tables hold.
struct Sizes {
    u32 connections;
    u32 services;
    u32 servers; ///< records: also of removed servers with connections, and of those about to replace others
};

/// The programs a director's hooks run.
struct Programs {
    Fd ingress;
    Fd egress;
};

/// Makes maps of the given capacity, loads and pins everything in `directory`, starts the timers, ties the
/// director to the current network namespace. It counts as complete after finish(). On failure the directory holds
/// rubbish: remove it.
Result<Programs> load(const std::string& directory, const Sizes& room);

/// Replaces the programs of the director in `directory` by this binary's, over the same maps: loads them,
/// lets `attach` put them where the old ones run, then hands timers and pins over. Packets run through the
/// old program or the new one, never through none. On failure the old programs stay in charge.
Result<void> upgrade(const std::string& directory, const std::function<Result<void>(const Programs&)>& attach);

struct CloseObject {
    void operator()(bpf_object* o) const;
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

/// The object with the XDP program, not loaded yet, over the maps of the director in `directory`; makes and pins those
/// that only it has.
Result<Object> open_xdp(const std::string& directory);
/// Loads the program and pins it there in the place of an older one.
Result<Fd> load_xdp(const std::string& directory);

/// Marks a loaded director as complete, the last step of bringing it up.
void finish(Config& config);
/// True when bringing it up was finished and its tables have the layout that this binary knows.
bool complete(const Config& config);

/// The pinned programs of a director.
Result<Programs> pinned_programs(const std::string& directory);

/// False: the network namespace that the director in `directory` belonged to is gone.
bool namespace_alive(const std::string& directory);

/// The room there is when the user does not say: a connection for each 64 KiB of memory, servers in a 64th of it (they
/// count on each CPU), an eighth as many services; powers of two.
Sizes default_sizes();

} // namespace bpvs::kernel
