// Questions to the kernel's routing tables.
#pragma once

#include "core/model/types.hh"

namespace bpvs::kernel {

/// False for addresses that this host's routes treat as broadcast or multicast (a subnet's broadcast address).
bool is_unicast(const Address& address);

} // namespace bpvs::kernel
