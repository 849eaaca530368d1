// What only the running machine knows.
#pragma once

#include "control/director.hh"

namespace bpvs::cli {

/// CAP_NET_ADMIN, which every command needs, as with ipvsadm.
bool may_administer();

/// The server's address is a broadcast address of a network that this namespace is attached to.
bool is_broadcast(const ServerSpec& server);

} // namespace bpvs::cli
