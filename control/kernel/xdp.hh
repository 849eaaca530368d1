// A director's XDP program on interfaces, in front of tc.
//
// The program is loaded when an interface is attached so, over the pinned maps of the director. It shares the interface
// with programs of others where libxdp's dispatcher can stand. Elsewhere it is alone: one program for all such
// interfaces, each with a link to it, pinned beside the maps: what is not pinned yet, or no more, is not there either,
// whoever is killed.
#pragma once

#include "control/error.hh"
#include "control/kernel/dispatcher.hh"
#include "control/kernel/fd.hh"
#include "control/kernel/interfaces.hh"
#include "control/open.hh"
#include "core/model/xdp.hh"

#include <optional>
#include <string>
#include <vector>

namespace bpvs::kernel {

class XdpHook {
public:
    /// `shared`: the BPF file system of libxdp's dispatchers; empty: there is none.
    XdpHook(std::string directory, std::string shared)
        : directory_(std::move(directory)), dispatchers_(std::move(shared), directory_) {}

    /// Nothing changes where the program stands already.
    Result<void> attach(const Interface& i);
    void detach(u32 ifindex);
    bool attached(u32 ifindex) const;
    /// How it stands there, for whom it may concern: with others or alone, and why.
    std::string company(u32 ifindex) const;

    /// Puts this binary's program in the place of what runs. Nothing to do where none does.
    Result<void> upgrade();

    /// Removes what killed commands left, waiting for what may be the work of one that runs.
    void clean() const;
    /// Takes the program away everywhere: the network namespace is gone.
    void forget() const { dispatchers_.forget(); }

    /// What packets may be sent through, as of now. To be called whenever that may have changed.
    void publish_ports(const std::vector<Interface>& all);
    /// As published.
    std::optional<XdpPort> port(u32 ifindex) const;

    /// Since the director came up; nothing: the program is not loaded.
    std::optional<XdpCounts> counts() const;

private:
    std::string pin(const std::string& name) const { return directory_ + "/" + name; }
    std::string pin_of_link(u32 ifindex) const;
    std::vector<u32> linked() const;
    Result<Fd> program() const;
    bool linked(u32 ifindex) const;
    Result<void> share(const Interface& i);
    Result<void> stand_alone(const Interface& i);
    /// All elements of the map; empty: it is not there.
    Mapping ports() const;
    /// Until publish_ports(), all packets are left to tc.
    void withdraw_ports() const;

    std::string directory_;
    Dispatchers dispatchers_;
    std::string why_alone_; ///< empty: nothing was attached by this command
};

} // namespace bpvs::kernel
