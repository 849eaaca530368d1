// -S: the table as lines for -R.
#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/list.hh"
#include "cli/bpvsadm/values.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

namespace bpvs::cli {
namespace {

std::string save_service(const ServiceSpec& spec) {
    std::string text = " -s " + spec.scheduler;
    if (spec.persistence != 0) {
        text += fmt::format(" -p {}", spec.persistence);
        if (const std::string mask = persistence_mask(spec); !mask.empty())
            text += " -M " + mask;
    }
    if (!spec.pe.empty())
        text += " --pe " + spec.pe;
    if (spec.one_packet)
        text += " -o";
    if (spec.sched_flags != 0)
        text += " -b " + sched_flags_text(spec.sched_flags, spec.scheduler);
    if (spec.drain != drain_unset)
        text += " --drain " + drain_text(spec.drain);
    if (spec.idle_reset)
        text += " --idle-reset";
    return text;
}

std::string tunnel_options(const ServerSpec& s) {
    std::string text = fmt::format(" --tun-type {}", tunnel_types.at(s.tunnel_type));
    if (s.tunnel_type == 0)
        return text;
    if (s.tunnel_port != Be16{})
        text += fmt::format(" --tun-port {}", from_be16(s.tunnel_port));
    if ((s.tunnel_flags & tunnel_flag_remcsum) != 0)
        return text + " --tun-remcsum";
    return text + ((s.tunnel_flags & tunnel_flag_csum) != 0 ? " --tun-csum" : " --tun-nocsum");
}

void put_server(Buffer& out, const ServerSpec& s) {
    const char method = s.method == Forward::masq ? 'm' : s.method == Forward::tunnel ? 'i' : 'g';
    fmt::format_to(to(out), FMT_COMPILE(" -{} -w {}{}\n"), method, s.weight,
                   s.method == Forward::tunnel ? tunnel_options(s) : "");
}

void put_server_line(Buffer& out, const std::string& option, IpProto protocol, const ServerSpec& s,
                     const Names& names) {
    fmt::format_to(to(out), FMT_COMPILE("-a {} -r "), option);
    put_endpoint(out, s.family, s.addr, s.port, protocol, names);
    put_server(out, s);
}

} // namespace

std::string service_option(const ServiceName& name, const Names& names) {
    // A mark is printed as the signed number that ipvsadm prints.
    if (name.fwmark != 0)
        return fmt::format("-f {}{}", static_cast<int>(name.fwmark), name.family == Family::v6 ? " -6" : "");
    const char* option = name.protocol == IpProto::tcp ? "-t" : name.protocol == IpProto::udp ? "-u" : "--sctp-service";
    return fmt::format("{} {}", option, endpoint_text(name.family, name.vip, name.vport, name.protocol, names));
}

std::string save_line(const ServiceSpec& service, const Names& names) {
    return fmt::format("-A {}{}", service_option(service.name, names), save_service(service));
}

std::string save_line(const ServiceName& service, const ServerSpec& server, const Names& names) {
    Buffer line;
    put_server_line(line, service_option(service, names), service.protocol, server, names);
    return {line.data(), line.size() - 1};
}

void put_save(Output& out, const std::vector<ServiceView>& services, const Names& names) {
    for (const ServiceView& service : services) {
        const ServiceName& name = service.spec.name;
        const std::string option = service_option(name, names);
        Buffer& text = out.buffer();
        fmt::format_to(to(text), "-A {}{}\n", option, save_service(service.spec));
        for (const ServerView& s : service.servers)
            put_server_line(text, option, name.protocol, s.spec, names);
        if (!out.drain())
            return;
    }
}

} // namespace bpvs::cli
