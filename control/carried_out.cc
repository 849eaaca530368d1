#include "control/carried_out.hh"

#include <fmt/format.h>

namespace bpvs {
namespace {

Result<void> refuse(const std::string& what, const char* why) {
    return fail(Errc::not_supported, fmt::format("{}: {}", what, why));
}

} // namespace

Result<void> CarriedOut::check_service(const ServiceSpec& spec, const std::string& what) const {
    if (!spec.pe.empty() && !engines)
        return refuse(what, "persistence engines (--pe) are not carried out by this version; leave the option out.");
    return {};
}

Result<void> CarriedOut::check_server(const ServerSpec& spec, Family service, const std::string& what) const {
    if ((methods & bit_of(spec.method)) == 0)
        return refuse(what, "this version forwards by masquerading only; use -m.");
    if (spec.family != service && spec.method == Forward::masq)
        return refuse(what, "masquerading does not change the address family; use a server of the service's family.");
    return {};
}

} // namespace bpvs
