// A director's XDP program on interfaces, in front of tc.
//
// The program is loaded when the first interface is attached so, over the pinned maps of the director. Each interface
// has a link to it, pinned beside them: what is not pinned yet, or no more, is not there either, whoever is killed.
#pragma once

#include "control/error.hh"
#include "control/kernel/fd.hh"
#include "control/kernel/interfaces.hh"
#include "core/model/xdp.hh"

#include <optional>
#include <string>
#include <vector>

namespace bpvs::kernel {

class XdpHook {
public:
    explicit XdpHook(std::string directory) : directory_(std::move(directory)) {}

    /// Nothing changes where the program stands already.
    Result<void> attach(const Interface& i);
    void detach(u32 ifindex);
    bool attached(u32 ifindex) const;

    /// Puts this binary's program in the place of what runs. Nothing to do where none does.
    Result<void> upgrade();

    /// What packets may be sent through, as of now. To be called whenever that may have changed.
    void publish_ports(const std::vector<Interface>& all);
    /// As published.
    std::optional<XdpPort> port(u32 ifindex) const;

    /// Since the program was loaded; nothing: it is not.
    std::optional<XdpCounts> counts() const;

private:
    std::string pin(const std::string& name) const { return directory_ + "/" + name; }
    std::string pin_of_link(u32 ifindex) const;
    std::vector<u32> linked() const;
    Result<Fd> program() const;
    /// All elements of the map; empty: it is not there.
    Mapping ports() const;
    /// Until publish_ports(), all packets are left to tc.
    void withdraw_ports() const;

    std::string directory_;
};

} // namespace bpvs::kernel
