// The table of real servers by address, port and protocol, which packets of no connection are looked up in when
// nat_icmp_send is set. Derived from the services' lists, under Config::dirty.
#pragma once

#include "control/store.hh"

#include <span>

namespace bpvs::known_servers {

/// How packets name the server of a record.
ServerKey key_of(const Dest& record);
/// Records that a service lists from now on.
Result<void> add(Store& store, std::span<const u32> records);
/// Records that no service lists any more. The same server may be another service's.
Result<void> remove(Store& store, std::span<const u32> records);
/// The table anew, from the records that services list.
Result<void> derive(Store& store);

} // namespace bpvs::known_servers
