// Place: where directors are pinned, and the locks that serialise commands.
//
// Pins live in a bpffs of our own, mounted at /run/bpvs/bpf in the host's mount namespace, one directory per
// network namespace named by its cookie. `ip netns exec` gives a command a mount namespace of its own; a file
// descriptor taken in the host's leads it to the same place.
#pragma once

#include "control/error.hh"
#include "control/kernel/fd.hh"
#include "core/model/types.hh"

#include <optional>
#include <string>
#include <vector>

namespace bpvs::kernel {

/// The cookie of the current network namespace: unique as long as the machine runs (SO_NETNS_COOKIE).
Result<u64> netns_cookie();

class Place {
public:
    /// Opens the place; `create` makes what is missing, else a missing place is empty (exists() is false).
    static Result<Place> open(bool create);

    bool exists() const { return static_cast<bool>(pins_); }

    /// Takes the lock of one director, waiting for it. Held until the result is closed.
    Result<Fd> lock(u64 cookie) const;
    /// The same without waiting; nothing when another command holds it.
    std::optional<Fd> try_lock(u64 cookie) const;

    /// The directory of one director, as a path that works from every mount namespace.
    std::string path(u64 cookie) const;
    /// The same as users see it from the host.
    static std::string shown_path(u64 cookie);
    /// The BPF file system of all programs of the host, at /sys/fs/bpf: a path that works from every mount namespace,
    /// and is the same as long as the process lives. Empty: there is none.
    static std::string shared();

    bool has(u64 cookie) const;
    Result<void> make(u64 cookie) const;
    /// Unpins everything of one director.
    void remove(u64 cookie) const;
    /// Removes the lock file too; only for its holder, and only when it lets go of the director for good.
    void remove_lock(u64 cookie) const;
    /// Of all directors that have left pins or a lock file.
    std::vector<u64> cookies() const;

private:
    Fd open_lock(u64 cookie) const;

    Fd run_;  ///< /run/bpvs
    Fd pins_; ///< /run/bpvs/bpf
};

} // namespace bpvs::kernel
