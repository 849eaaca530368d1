// The director of the current network namespace: find it, bring it up, take it down.
//
// A director has no process. Its maps and programs are pinned in a bpffs of ours in the host's mount
// namespace, under the namespace's cookie, so that every command finds it again, also from inside
// `ip netns exec`. docs/adr/ says why.
#pragma once

#include "control/director.hh"
#include "control/error.hh"
#include "control/store.hh"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bpvs {

struct UpOptions {
    std::vector<std::string> interfaces; ///< empty: every up, non-loopback Ethernet interface
    u32 connections = 0;                 ///< capacity; 0: from the machine's memory
    u32 services = 0;                    ///< the same
    u32 servers = 0;                     ///< the same
};

/// How a command wants the director.
enum class Access {
    read,   ///< no lock; a director that is not up is seen as an empty one
    change, ///< locked; a director that is not up is seen as an empty one
    create, ///< locked; brought up if it is not, upgraded in place if its program is older than ours
};

/// A director held by one command; releases the lock when destroyed.
class OpenDirector {
public:
    virtual ~OpenDirector() = default;
    virtual bool is_up() const = 0;
    virtual Store& store() = 0;
    virtual Director& director() = 0;
};

/// permission, no_bpf, incompatible, system
Result<std::unique_ptr<OpenDirector>> open_director(Access access, const UpOptions& options = {});

/// Where to sit on an interface. Always at tc; at XDP, in front of it: when asked for, or where it suits.
enum class AttachMode { automatic, tc, tcx, xdp };

struct InterfaceStatus {
    std::string name;
    u32 ifindex;
    std::string hook;   ///< "tc", "tcx", "xdp" (in front of one of them), or empty: not attached
    std::string reason; ///< why not attached
    std::string lost;   ///< why packets that XDP sends through it are lost: that has changed since it was asked
};

/// Packets at XDP.
struct XdpCounts {
    u64 finished; ///< each counted under its reason, too
    u64 left;     ///< untouched, to tc
};

struct DirectorStatus {
    bool up = false;
    u64 cookie = 0;
    std::string version;  ///< of the loaded program
    std::string pin_path; ///< where `bpftool map dump pinned` finds the maps
    std::vector<InterfaceStatus> interfaces;
    u32 connections_live = 0, connections_held = 0, connections_max = 0, services = 0, services_max = 0,
        servers_max = 0;
    u64 memory = 0; ///< bytes that the tables take
    std::vector<std::pair<Reason, u64>> reasons;
    std::optional<XdpCounts> xdp; ///< where some interface is attached so
};

Result<void> director_up(const UpOptions& options);
/// Detaches, unpins, forgets everything. Not an error when nothing is up.
Result<void> director_down();
/// Attaches to an interface, or again in another mode. What it says: the mode, why, and what goes with it; one line
/// each.
Result<std::vector<std::string>> director_attach(const std::string& interface, AttachMode mode);
Result<void> director_detach(const std::string& interface);
Result<DirectorStatus> director_status();

/// This build's version, "major.minor.patch".
const char* bpvs_version();

} // namespace bpvs
