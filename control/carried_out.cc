#include "control/carried_out.hh"

#include <fmt/format.h>

namespace bpvs {
namespace {

Result<void> refuse(const std::string& what, const char* why) {
    return fail(Errc::not_supported, fmt::format("{}: {}", what, why));
}

} // namespace

Result<void> CarriedOut::check_name(const ServiceName& name, const std::string& what) const {
    if (name.fwmark != 0 && !fwmark)
        return refuse(what, "services by firewall mark are not carried out by this version; name an address and a "
                            "port.");
    if (name.family != Family::v4 && !ipv6)
        return refuse(what, "IPv6 services are not carried out by this version; use an IPv4 address.");
    if (name.protocol == IpProto::sctp && !sctp)
        return refuse(what, "this version balances TCP and UDP only; use -t or -u.");
    if (name.fwmark == 0 && from_be16(name.vport) == 0 && !all_ports)
        return refuse(what, "a service on all ports (port 0) is not carried out by this version; name a port.");
    return {};
}

Result<void> CarriedOut::check_service(const ServiceSpec& spec, const std::string& what) const {
    if (!spec.pe.empty() && !engines)
        return refuse(what, "persistence engines (--pe) are not carried out by this version; leave the option out.");
    if (spec.persistence != 0 && !persistence)
        return refuse(what, "persistence (-p) is not carried out by this version; leave the option out.");
    if (spec.one_packet && !one_packet)
        return refuse(what, "one-packet scheduling (-o) is not carried out by this version; leave the option out.");
    return {};
}

Result<void> CarriedOut::check_server(const ServerSpec& spec, Family service, const std::string& what) const {
    if (spec.family != Family::v4 && !ipv6)
        return refuse(what, "IPv6 servers are not carried out by this version; use an IPv4 address.");
    if ((methods & bit_of(spec.method)) == 0)
        return refuse(what, "this version forwards by masquerading only; use -m.");
    if (spec.family != service && spec.method == Forward::masq)
        return refuse(what, "masquerading does not change the address family; use a server of the service's family.");
    if ((spec.upper != 0 || spec.lower != 0) && !thresholds)
        return refuse(what, "connection thresholds (-x, -y) are not carried out by this version; leave them out.");
    return {};
}

} // namespace bpvs
