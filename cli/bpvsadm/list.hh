// -L: services, connections, timeouts; -S: the table as commands. Byte for byte as ipvsadm prints it.
#pragma once

#include "cli/bpvsadm/command.hh"
#include "cli/bpvsadm/execute.hh"
#include "cli/bpvsadm/lookup.hh"
#include "cli/bpvsadm/text.hh"

#include <string>
#include <vector>

namespace bpvs::cli {

/// With -n none, else what the resolver knows.
template <class Views>
Names names_for(const Command& command, const Views& views) {
    return command.has(Opt::numeric) ? Names{} : Names::of(views);
}

/// Services by protocol, address and port, IPv6 after IPv4, firewall marks last; their servers by address and port.
void sort_services(std::vector<ServiceView>& services);

/// The listing that the options of `command` ask for; a named service is listed without the first line.
void put_services(Output& out, const Command& command, const std::vector<ServiceView>& services, const Names& names);

void put_connections_header(Buffer& out, const Command& command);
void put_connection(Buffer& out, const ConnectionView& connection, const Names& names);

std::string timeouts_text(const Timeouts& timeouts);

/// The service of -a and -A lines: "-t 1.1.1.1:80", "-f 7 -6".
std::string service_option(const ServiceName& name, const Names& names);
/// Lines for -R, without their end.
std::string save_line(const ServiceSpec& service, const Names& names);
std::string save_line(const ServiceName& service, const ServerSpec& server, const Names& names);
void put_save(Output& out, const std::vector<ServiceView>& services, const Names& names);

/// -L and -S on an open director. Returns the exit status.
int show(const Command& command, Director& director, const Streams& streams);

} // namespace bpvs::cli
