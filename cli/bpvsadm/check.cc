#include "cli/bpvsadm/check.hh"

#include "cli/bpvsadm/values.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <optional>
#include <span>

namespace bpvs::cli {
namespace {

std::unexpected<Failure> usage(std::string message) { return std::unexpected(Failure{exit_usage, std::move(message)}); }

Parsed<void> check_sched_flags(Command& c) {
    const SchedFlags flags = parse_sched_flags(c.sched_flags, c.service.scheduler);
    if (!flags.unknown.empty())
        return usage(fmt::format("invalid scheduler flag `{}'", flags.unknown));
    if (!flags.incompatible.empty())
        return usage(fmt::format("incompatible scheduler flag `{}'", flags.incompatible));
    c.service.sched_flags = flags.bits;
    return {};
}

/// `rule_of` for each of `opts`, in their order; `whose` names the command or tunnel type in messages.
template <class RuleOf>
Parsed<void> apply_rules(const Command& c, std::span<const Opt> opts, RuleOf rule_of, const std::string& whose) {
    std::optional<Opt> chosen;
    for (Opt opt : opts) {
        const Rule r = rule_of(opt);
        if (!c.has(opt)) {
            if (r == Rule::required)
                return usage(fmt::format("You need to supply the '{}' option for the {}", name_of(opt), whose));
            continue;
        }
        if (r == Rule::illegal)
            return usage(fmt::format("Illegal '{}' option with the {}", name_of(opt), whose));
        if (r != Rule::exclusive)
            continue;
        if (chosen)
            return usage(fmt::format("The option '{}' conflicts with the '{}' option in the {}", name_of(opt),
                                     name_of(*chosen), whose));
        chosen = opt;
    }
    return {};
}

constexpr auto all_options = [] {
    std::array<Opt, opt_count> all{};
    for (std::size_t i = 0; i < opt_count; ++i)
        all[i] = static_cast<Opt>(i);
    return all;
}();

Parsed<void> check_options(const Command& c) {
    return apply_rules(
        c, all_options, [&](Opt opt) { return rule(c.verb, opt); }, fmt::format("'{}' command", name_of(c.verb)));
}

Parsed<void> check_filters(const Command& c) {
    for (Opt opt : {Opt::filter_state, Opt::filter_client})
        if (c.has(opt) && !c.has(Opt::connection))
            return usage(fmt::format("bpvsadm: --{} picks connections; list them with -L -c.", name_of(opt)));
    for (Opt opt : {Opt::filter_service, Opt::filter_server})
        for (Opt other : {Opt::timeout, Opt::daemon})
            if (c.has(opt) && c.has(other))
                return usage(fmt::format("bpvsadm: --{} picks services and connections; leave it out with --{}.",
                                         name_of(opt), name_of(other)));
    return {};
}

Parsed<void> check_list(const Command& c) {
    const bool detail = c.has(Opt::stats) || c.has(Opt::rate) || c.has(Opt::thresholds);
    const bool short_list = c.has(Opt::timeout) || c.has(Opt::daemon);
    if ((c.has(Opt::connection) && detail) || (short_list && (detail || c.has(Opt::persistent_conn))))
        return usage("options conflicts in the list command");
    return check_filters(c);
}

Parsed<void> check_service(Command& c) {
    const ServiceName& name = c.service.name;
    if (name.fwmark == 0 && name.vport == Be16{} && c.service.persistence == 0)
        return usage("Zero port specified for non-persistent service");
    if (c.service.one_packet && name.fwmark == 0 && name.protocol != IpProto::udp)
        return usage("One-Packet Scheduling is only for UDP virtual services");
    if (c.service.idle_reset && name.fwmark == 0 && name.protocol != IpProto::tcp)
        return usage("bpvsadm: --idle-reset is for TCP, whose connections can be reset; leave it out.");
    if (!c.has(Opt::netmask))
        c.service.netmask = name.family == Family::v6 ? 128 : 0xffffffff;
    return {};
}

Parsed<void> check_tunnel(const Command& c) {
    constexpr std::array details{Opt::tun_port, Opt::tun_nocsum, Opt::tun_csum, Opt::tun_remcsum};
    if (c.server.method != Forward::tunnel) {
        const bool given = c.has(Opt::tun_type) || std::ranges::any_of(details, [&](Opt opt) { return c.has(opt); });
        return given ? usage("Tunnel options conflict with forward method") : Parsed<void>{};
    }
    constexpr std::array<const char*, tunnel_types.size()> rules{"xxxx", "+111", "x11x"};
    const char* rule_row = rules.at(c.server.tunnel_type);
    const auto rule_of = [&](Opt opt) {
        return static_cast<Rule>(rule_row[std::ranges::find(details, opt) - details.begin()]);
    };
    return apply_rules(c, details, rule_of, fmt::format("'{}' tunnel type", tunnel_types.at(c.server.tunnel_type)));
}

Parsed<void> check_server(Command& c) {
    if (c.server.family != c.service.name.family && c.server.method != Forward::tunnel)
        return usage("Different address family is allowed only for tunneling servers");
    if (auto ok = check_tunnel(c); !ok)
        return ok;
    // Without translation the server sees the service's own port; a service by mark has none of its own.
    if (c.server.method != Forward::masq && c.service.name.fwmark == 0)
        c.server.port = c.service.name.vport;
    return {};
}

} // namespace

Parsed<void> check(Command& c) {
    if (auto ok = check_sched_flags(c); !ok)
        return ok;
    if (auto ok = check_options(c); !ok)
        return ok;
    switch (c.verb) {
    case Verb::add_service:
    case Verb::edit_service:
        return check_service(c);
    case Verb::add_server:
    case Verb::edit_server:
        return check_server(c);
    case Verb::list:
        return check_list(c);
    default:
        return {};
    }
}

bool is_multicast(const std::string& address) {
    in_addr v4{};
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1)
        return IN_MULTICAST(ntohl(v4.s_addr));
    in6_addr v6{};
    return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_MULTICAST(&v6);
}

} // namespace bpvs::cli
