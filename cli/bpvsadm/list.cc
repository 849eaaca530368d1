#include "cli/bpvsadm/list.hh"

#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/text.hh"
#include "cli/bpvsadm/values.hh"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace bpvs::cli {
namespace {

// What IPVS calls itself; scripts look at the first words. 4096 is the size of its hash table.
constexpr const char* banner = "IP Virtual Server version 1.2.1 (size=4096)\n";

enum class Show : u8 { stats, rates, thresholds, persistent, tunnels, servers };

/// The first of these options decides.
Show show_of(const Command& c) {
    if (c.has(Opt::stats))
        return Show::stats;
    if (c.has(Opt::rate))
        return Show::rates;
    if (c.has(Opt::thresholds))
        return Show::thresholds;
    if (c.has(Opt::persistent_conn))
        return Show::persistent;
    return c.has(Opt::tun_info) ? Show::tunnels : Show::servers;
}

const char* header(Show show) {
    switch (show) {
    case Show::stats:
        return "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
               "  -> RemoteAddress:Port\n";
    case Show::rates:
        return "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
               "  -> RemoteAddress:Port\n";
    case Show::thresholds:
        return "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
               "  -> RemoteAddress:Port\n";
    case Show::persistent:
        return "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
               "  -> RemoteAddress:Port\n";
    case Show::tunnels:
        return "Prot LocalAddress:Port Scheduler Flags\n"
               "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n";
    case Show::servers:
        break;
    }
    return "Prot LocalAddress:Port Scheduler Flags\n"
           "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
}

const char* method_text(Forward method) {
    switch (method) {
    case Forward::masq:
        return "Masq";
    case Forward::local:
        return "Local";
    case Forward::tunnel:
        return "Tunnel";
    case Forward::route:
        break;
    }
    return "Route";
}

std::string tunnel_text(const ServerSpec& server) {
    if (server.method != Forward::tunnel)
        return "n/a";
    const char* type = tunnel_types.at(server.tunnel_type);
    if (server.tunnel_type == 0)
        return type;
    const char* checksum = "-c";
    if ((server.tunnel_flags & tunnel_flag_csum) != 0)
        checksum = "+c";
    if ((server.tunnel_flags & tunnel_flag_remcsum) != 0)
        checksum = "r+c";
    if (server.tunnel_port == Be16{})
        return fmt::format("{}:{}", type, checksum);
    return fmt::format("{}:{}:{}", type, from_be16(server.tunnel_port), checksum);
}

/// "TCP  1.1.1.1:80", "FWM  7 IPv6".
std::string service_column(const ServiceName& name, Names names) {
    if (name.fwmark != 0)
        return fmt::format("FWM  {}{}", name.fwmark, name.family == Family::v6 ? " IPv6" : "");
    return fmt::format("{:<4} {}", protocol_text(name.protocol),
                       endpoint_column(name.family, name.vip, name.vport, name.protocol, names));
}

/// The scheduler and the flags.
std::string settings(const ServiceSpec& spec) {
    std::string text = " " + spec.scheduler;
    if (spec.sched_flags != 0)
        text += fmt::format(" ({})", sched_flags_text(spec.sched_flags, spec.scheduler));
    if (spec.persistence != 0) {
        text += fmt::format(" persistent {}", spec.persistence);
        if (const std::string mask = persistence_mask(spec); !mask.empty())
            text += " mask " + mask;
        if (!spec.pe.empty())
            text += " pe " + spec.pe;
    }
    return text + (spec.one_packet ? " ops" : "");
}

std::string counters_text(const Counters& c, bool exact) {
    std::string text;
    for (u64 value : {c.conns, c.in_packets, c.out_packets, c.in_bytes, c.out_bytes})
        text += counter_column(value, exact);
    return text;
}

std::string rates_text(const RateView& r, bool exact) {
    std::string text;
    for (u64 value : {r.cps, r.in_pps, r.out_pps, r.in_bps, r.out_bps})
        text += counter_column(value, exact);
    return text;
}

std::string server_columns(const ServerView& s, Show show, bool exact) {
    switch (show) {
    case Show::stats:
        return counters_text(s.counters, exact);
    case Show::rates:
        return rates_text(s.rates, exact);
    case Show::thresholds:
        return fmt::format(" {:<10} {:<10} {:<10} {:<10}", s.spec.upper, s.spec.lower, s.active, s.inactive);
    case Show::persistent:
        return fmt::format(" {:<9} {:<11} {:<10} {:<10}", s.spec.weight, s.persistent, s.active, s.inactive);
    case Show::tunnels:
        return fmt::format(" {:<7} {:<13} {:<6} {:<10} {:<10}", method_text(s.spec.method), tunnel_text(s.spec),
                           s.spec.weight, s.active, s.inactive);
    case Show::servers:
        break;
    }
    return fmt::format(" {:<7} {:<6} {:<10} {:<10}", method_text(s.spec.method), s.spec.weight, s.active, s.inactive);
}

std::string service_text(const ServiceView& service, Show show, Names names, bool exact) {
    const std::string column = service_column(service.spec.name, names);
    std::string text;
    if (show == Show::stats)
        text = fmt::format("{:<33}{}\n", column, counters_text(service.counters, exact));
    else if (show == Show::rates)
        text = fmt::format("{:<33}{}\n", column, rates_text(service.rates, exact));
    else
        text = column + settings(service.spec) + "\n";
    for (const ServerView& server : service.servers) {
        const ServerSpec& s = server.spec;
        text +=
            fmt::format("  -> {:<28}{}\n", endpoint_column(s.family, s.addr, s.port, service.spec.name.protocol, names),
                        server_columns(server, show, exact));
    }
    return text;
}

auto address_order(const Address& a) {
    return std::tuple(from_be32(a.word[0]), from_be32(a.word[1]), from_be32(a.word[2]), from_be32(a.word[3]));
}

auto service_order(const ServiceView& s) {
    const ServiceName& n = s.spec.name;
    const Family family = n.fwmark != 0 ? Family::none : n.family;
    return std::tuple(n.fwmark, family, n.protocol, address_order(n.vip), from_be16(n.vport));
}

auto server_order(const ServerView& s) {
    return std::tuple(s.spec.family, address_order(s.spec.addr), from_be16(s.spec.port));
}

} // namespace

Names names_of(const Command& command) { return command.has(Opt::numeric) ? Names::numeric : Names::resolved; }

void sort_services(std::vector<ServiceView>& services) {
    std::ranges::sort(services, {}, service_order);
    for (ServiceView& service : services)
        std::ranges::sort(service.servers, {}, server_order);
}

std::string services_text(const Command& command, const std::vector<ServiceView>& services) {
    const Show show = show_of(command);
    std::string text = command.has(Opt::service) ? "" : banner;
    text += header(show);
    for (const ServiceView& service : services)
        text += service_text(service, show, names_of(command), command.has(Opt::exact));
    return text;
}

std::string connections_text(const Command& command, const std::vector<ConnectionView>& connections) {
    std::string text = "IPVS connection entries\n"
                       "pro expire state       source             virtual            destination";
    text += command.has(Opt::persistent_conn) ? "        pe name          pe_data\n" : "\n";
    for (const ConnectionView& c : connections) {
        const auto endpoint = [&](const Address& addr, Be16 port) {
            return endpoint_text(c.family, addr, port, c.protocol, names_of(command));
        };
        text += fmt::format("{:<3} {:<6} {:<11} {:<18} {:<18} {}\n", protocol_text(c.protocol),
                            fmt::format("{:02}:{:02}", c.seconds / 60, c.seconds % 60), state_name(c.state),
                            endpoint(c.client, c.cport), endpoint(c.vip, c.vport), endpoint(c.dest, c.dport));
    }
    return text;
}

std::string timeouts_text(const Timeouts& timeouts) {
    return fmt::format("Timeout (tcp tcpfin udp): {} {} {}\n", timeouts.tcp, timeouts.tcp_fin, timeouts.udp);
}

} // namespace bpvs::cli
