// libxdp's dispatcher: how XDP programs of several owners share an interface.
//
// It is a program that calls the others, one after the other. Whoever adds one or takes one away has libxdp build
// another dispatcher and swap it in. What it calls is pinned below /sys/fs/bpf/xdp, for all users of libxdp, in a
// directory named by interface and dispatcher. A command that is killed leaves the dispatcher before or after on the
// interface, both whole, and pins of the other one.
#pragma once

#include "core/model/types.hh"

#include <string>
#include <vector>

struct bpf_object;

namespace bpvs::kernel {

/// Of the program that stands on an interface; 0: none.
u32 standing_program(u32 ifindex);

/// A director's programs in dispatchers.
class Dispatchers {
public:
    /// Of the director in `directory`; `shared`: the BPF file system where libxdp pins; empty: there is none.
    Dispatchers(std::string shared, const std::string& directory);

    /// Why no dispatcher can stand here; empty: one can.
    std::string why_not() const;

    bool holds(u32 ifindex) const;
    /// How many programs of others are in it, too.
    std::size_t others(u32 ifindex) const;
    /// Interfaces whose dispatchers hold a program of ours.
    std::vector<u32> interfaces() const;

    /// Takes the program of an object that is not loaded yet into the interface's dispatcher. The result is 0, or what
    /// errno says.
    int add(u32 ifindex, bpf_object* object) const;
    /// The same, then takes away those of ours that were there: each packet meets one of them, or both.
    int replace(u32 ifindex, bpf_object* object) const;
    void remove(u32 ifindex) const;

    /// Removes pins that killed commands left. False: not all, the latest may be the work of a command that runs.
    bool clean() const;
    /// Removes all that is ours: the network namespace is gone.
    void forget() const;

private:
    /// Where what one dispatcher calls is pinned.
    struct Pins {
        u32 ifindex;
        u32 dispatcher;
        std::string path;
    };
    std::vector<Pins> all() const;
    std::string path(u32 ifindex) const;
    bool is_left(const Pins& d) const;
    bool is_ours(u32 program) const;
    std::vector<u32> ours_in(const std::string& path) const;
    void take_away(u32 ifindex, const std::vector<u32>& programs) const;

    std::string shared_;
    u32 tables_ = 0; ///< id of the map by which the director's programs are known; 0: it has none
};

} // namespace bpvs::kernel
