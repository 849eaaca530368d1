// What the tables hold, in the words of specs.hh.
#pragma once

#include "control/specs.hh"

namespace bpvs {

ServiceSpec service_spec(const ServiceKey& key, const Service& service);
ServerSpec server_spec(Family family, const Address& addr, Be16 port, const SetEntry& entry);
SetEntry entry_of(const ServerSpec& spec, u32 dest);

} // namespace bpvs
