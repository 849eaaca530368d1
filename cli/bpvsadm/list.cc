#include "cli/bpvsadm/list.hh"

#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/text.hh"
#include "cli/bpvsadm/values.hh"

#include <cstdlib>
#include <fmt/compile.h>
#include <fmt/format.h>

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
void put_service_column(Buffer& out, const ServiceName& name, const Names& names, std::size_t width) {
    const std::size_t begin = out.size();
    if (name.fwmark != 0) {
        fmt::format_to(to(out), "FWM  {}{}", static_cast<int>(name.fwmark), name.family == Family::v6 ? " IPv6" : "");
    } else {
        fmt::format_to(to(out), "{:<4} ", protocol_text(name.protocol));
        put_endpoint_column(out, name.family, name.vip, name.vport, name.protocol, names, 0);
    }
    pad(out, out.size() - begin, width);
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
    text += spec.one_packet ? " ops" : "";
    if (spec.drain != drain_unset)
        text += " drain " + drain_text(spec.drain);
    return text + (spec.idle_reset ? " idle-reset" : "");
}

void put_counters(Buffer& out, const Counters& c, bool exact) {
    for (u64 value : {c.conns, c.in_packets, c.out_packets, c.in_bytes, c.out_bytes})
        put_counter(out, value, exact);
}

void put_rates(Buffer& out, const RateView& r, bool exact) {
    for (u64 value : {r.cps, r.in_pps, r.out_pps, r.in_bps, r.out_bps})
        put_counter(out, value, exact);
}

void put_server_columns(Buffer& out, const ServerView& s, Show show, bool exact) {
    const ServerSpec& spec = s.spec;
    switch (show) {
    case Show::stats:
        return put_counters(out, s.counters, exact);
    case Show::rates:
        return put_rates(out, s.rates, exact);
    case Show::thresholds:
        fmt::format_to(to(out), FMT_COMPILE(" {:<10} {:<10} {:<10} {:<10}"), spec.upper, spec.lower, s.active,
                       s.inactive);
        return;
    case Show::persistent:
        fmt::format_to(to(out), FMT_COMPILE(" {:<9} {:<11} {:<10} {:<10}"), spec.weight, s.persistent, s.active,
                       s.inactive);
        return;
    case Show::tunnels:
        fmt::format_to(to(out), FMT_COMPILE(" {:<7} {:<13} {:<6} {:<10} {:<10}"), method_text(spec.method),
                       tunnel_text(spec), spec.weight, s.active, s.inactive);
        return;
    case Show::servers:
        fmt::format_to(to(out), FMT_COMPILE(" {:<7} {:<6} {:<10} {:<10}"), method_text(spec.method), spec.weight,
                       s.active, s.inactive);
        return;
    }
}

void put_service(Buffer& out, const ServiceView& service, Show show, const Names& names, bool exact) {
    constexpr std::size_t counters_at = 33;
    const bool counts = show == Show::stats || show == Show::rates;
    put_service_column(out, service.spec.name, names, counts ? counters_at : 0);
    if (show == Show::stats)
        put_counters(out, service.counters, exact);
    else if (show == Show::rates)
        put_rates(out, service.rates, exact);
    else
        fmt::format_to(to(out), "{}", settings(service.spec));
    out.push_back('\n');
    for (const ServerView& server : service.servers) {
        const ServerSpec& s = server.spec;
        fmt::format_to(to(out), FMT_COMPILE("  -> "));
        put_endpoint_column(out, s.family, s.addr, s.port, service.spec.name.protocol, names, 28);
        put_server_columns(out, server, show, exact);
        out.push_back('\n');
    }
}

// ipvsadm compares numbers by the sign of their 32-bit difference, so that 192.168.0.1 comes before 10.0.0.1. Over
// numbers far apart that is no order (10 < 100 < 192 < 10): the result is what qsort() makes of it.

int compare(u32 a, u32 b) { return static_cast<int>(a - b); }

int compare(Family family, const Address& a, const Address& b) {
    const int words = family == Family::v6 ? 4 : 1;
    int result = 0;
    for (int i = 0; result == 0 && i < words; ++i)
        result = compare(from_be32(a.word[i]), from_be32(b.word[i]));
    return result;
}

int compare(const ServiceName& a, const ServiceName& b) {
    if (const int r = compare(a.fwmark, b.fwmark); r != 0)
        return r;
    if (a.family != b.family)
        return static_cast<int>(a.family) - static_cast<int>(b.family);
    if (a.protocol != b.protocol)
        return static_cast<int>(a.protocol) - static_cast<int>(b.protocol);
    const int r = compare(a.family, a.vip, b.vip);
    return r != 0 ? r : from_be16(a.vport) - from_be16(b.vport);
}

/// Servers of both families, where tunnels lead to them, are compared by their addresses alone.
int compare(const ServerSpec& a, const ServerSpec& b) {
    const int r = compare(a.family, a.addr, b.addr);
    return r != 0 ? r : from_be16(a.port) - from_be16(b.port);
}

int compare(const ServiceView& a, const ServiceView& b) { return compare(a.spec.name, b.spec.name); }
int compare(const ServerView& a, const ServerView& b) { return compare(a.spec, b.spec); }

template <class View>
void sort_as_ipvsadm(std::vector<View>& views) {
    if (views.empty())
        return; // qsort takes no null
    std::vector<View*> order;
    order.reserve(views.size());
    for (View& view : views)
        order.push_back(&view);
    std::qsort(static_cast<void*>(order.data()), order.size(), sizeof(View*), [](const void* a, const void* b) {
        return compare(**static_cast<View* const*>(a), **static_cast<View* const*>(b));
    });
    std::vector<View> sorted;
    sorted.reserve(views.size());
    for (View* view : order)
        sorted.push_back(std::move(*view));
    views = std::move(sorted);
}

} // namespace

void sort_services(std::vector<ServiceView>& services) {
    sort_as_ipvsadm(services);
    for (ServiceView& service : services)
        sort_as_ipvsadm(service.servers);
}

void put_services(Output& out, const Command& command, const std::vector<ServiceView>& services, const Names& names) {
    const Show show = show_of(command);
    const bool exact = command.has(Opt::exact);
    fmt::format_to(to(out.buffer()), "{}{}", command.has(Opt::service) ? "" : banner, header(show));
    for (const ServiceView& service : services) {
        put_service(out.buffer(), service, show, names, exact);
        if (!out.drain())
            return;
    }
}

void put_connections_header(Buffer& out, const Command& command) {
    fmt::format_to(to(out),
                   "IPVS connection entries\n"
                   "pro expire state       source             virtual            destination{}\n",
                   command.has(Opt::persistent_conn) ? "        pe name          pe_data" : "");
}

void put_connection(Buffer& out, const ConnectionView& c, const Names& names) {
    constexpr std::size_t width = 18;
    fmt::format_to(to(out), FMT_COMPILE("{:<3} "), protocol_text(c.protocol));
    const std::size_t begin = out.size();
    fmt::format_to(to(out), FMT_COMPILE("{:02}:{:02}"), c.seconds / 60, c.seconds % 60);
    pad(out, out.size() - begin, 6);
    fmt::format_to(to(out), FMT_COMPILE(" {:<11} "), state_name(c.state));
    pad(out, put_endpoint(out, c.family, c.client, c.cport, c.protocol, names), width);
    out.push_back(' ');
    pad(out, put_endpoint(out, c.family, c.vip, c.vport, c.protocol, names), width);
    out.push_back(' ');
    put_endpoint(out, c.family, c.dest, c.dport, c.protocol, names);
    out.push_back('\n');
}

std::string timeouts_text(const Timeouts& timeouts) {
    return fmt::format("Timeout (tcp tcpfin udp): {} {} {}\n", timeouts.tcp, timeouts.tcp_fin, timeouts.udp);
}

} // namespace bpvs::cli
