// How services, servers and addresses are called in messages.
#pragma once

#include "control/director.hh"
#include "core/model/mark.hh"

#include <string>

namespace bpvs {

/// "TCP 1.1.1.1:80", "FWM 5".
std::string to_text(const ServiceName& name);
/// "-p tcp -d 10.0.0.0/24 --dport 80:90 --set-mark 5", as `bpvs mark add` takes it.
std::string to_text(const MarkRule& rule);
/// "172.16.1.1:80", "[2001:db8::1]:80".
std::string to_text(Family family, const Address& addr, Be16 port);

/// --pe: empty is none; nothing: IPVS has no such engine.
std::optional<Engine> engine_by_name(const std::string& name);
const char* engine_name(Engine engine);

} // namespace bpvs
