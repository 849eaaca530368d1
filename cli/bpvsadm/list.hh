// -L: services, connections, timeouts; -S: the table as commands. Byte for byte as ipvsadm prints it.
#pragma once

#include "cli/bpvsadm/command.hh"
#include "cli/bpvsadm/text.hh"

#include <string>
#include <vector>

namespace bpvs::cli {

/// -n or names.
Names names_of(const Command& command);

/// Services by protocol, address and port, IPv6 after IPv4, firewall marks last; their servers by address and port.
void sort_services(std::vector<ServiceView>& services);

/// The listing that the options of `command` ask for; a named service is listed without the first line.
std::string services_text(const Command& command, const std::vector<ServiceView>& services);

std::string connections_text(const Command& command, const std::vector<ConnectionView>& connections);

std::string timeouts_text(const Timeouts& timeouts);

/// Lines for -R.
std::string save_text(const Command& command, const std::vector<ServiceView>& services);

} // namespace bpvs::cli
