// Network interfaces of the current namespace and the director's tc filters on them.
#pragma once

#include "control/error.hh"
#include "core/model/types.hh"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace bpvs::kernel {

struct Interface {
    std::string name;
    u32 ifindex;
    bool up;
    bool loopback;
    bool ethernet;
    std::string port_of; ///< the bridge, bond or team it is a port of; its packets arrive there
    std::array<u8, 6> mac;
    u32 mtu;
    bool has_vlans; ///< interfaces of VLANs stand on it
};

Result<std::vector<Interface>> interfaces();
/// no_interface
Result<Interface> interface_by_name(const std::string& name);

/// Why a director cannot sit on this interface; empty: it can.
std::string unsuitable(const Interface& i);

/// Puts both programs on an interface, replacing what an earlier director put there in one step each; an egress program
/// of -1: none stays there. Makes the qdisc clsact where there is none.
Result<void> tc_attach(const Interface& i, int ingress_program, int egress_program);
/// Takes them off; the qdisc too if it is ours and nobody else uses it.
void tc_detach(u32 ifindex, bool own_qdisc);
/// Is the qdisc clsact there, whoever made it?
bool tc_has_qdisc(u32 ifindex);
/// Do others have filters for what arrives there?
bool tc_has_others(u32 ifindex);
/// Id of the program of ours on the interface's ingress; nothing: none.
std::optional<u32> tc_attached(u32 ifindex);

} // namespace bpvs::kernel
