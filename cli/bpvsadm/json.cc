#include "cli/bpvsadm/json.hh"

#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/text.hh"
#include "cli/bpvsadm/values.hh"

#include <fmt/compile.h>
#include <nlohmann/json.hpp>

namespace bpvs::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string address_text(Family family, const Address& addr) {
    Buffer text;
    put_address(text, family, addr);
    return fmt::to_string(text);
}

const char* family_text(Family family) { return family == Family::v6 ? "ipv6" : "ipv4"; }

const char* protocol_json(IpProto protocol) {
    switch (protocol) {
    case IpProto::tcp:
        return "tcp";
    case IpProto::udp:
        return "udp";
    case IpProto::sctp:
        return "sctp";
    default:
        return "ip";
    }
}

const char* method_json(Forward method) {
    switch (method) {
    case Forward::masq:
        return "masquerading";
    case Forward::tunnel:
        return "tunneling";
    case Forward::local:
        return "local";
    case Forward::route:
        break;
    }
    return "gatewaying";
}

Json counters_json(const Counters& c) {
    return {{"connections", c.conns},
            {"in_packets", c.in_packets},
            {"out_packets", c.out_packets},
            {"in_bytes", c.in_bytes},
            {"out_bytes", c.out_bytes}};
}

Json rates_json(const RateView& r) {
    return {{"connections", r.cps},
            {"in_packets", r.in_pps},
            {"out_packets", r.out_pps},
            {"in_bytes", r.in_bps},
            {"out_bytes", r.out_bps}};
}

Json tunnel_json(const ServerSpec& s) {
    if (s.method != Forward::tunnel)
        return nullptr;
    const bool remote = (s.tunnel_flags & tunnel_flag_remcsum) != 0;
    const char* checksum = remote ? "remote" : (s.tunnel_flags & tunnel_flag_csum) != 0 ? "full" : "none";
    return {{"type", tunnel_types.at(s.tunnel_type)}, {"port", from_be16(s.tunnel_port)}, {"checksum", checksum}};
}

Json server_json(const ServerView& s) {
    return {{"family", family_text(s.spec.family)},
            {"address", address_text(s.spec.family, s.spec.addr)},
            {"port", from_be16(s.spec.port)},
            {"method", method_json(s.spec.method)},
            {"tunnel", tunnel_json(s.spec)},
            {"weight", s.spec.weight},
            {"upper_threshold", s.spec.upper},
            {"lower_threshold", s.spec.lower},
            {"active", s.active},
            {"inactive", s.inactive},
            {"persistent", s.persistent},
            {"counters", counters_json(s.counters)},
            {"rates", rates_json(s.rates)}};
}

Json persistence_json(const ServiceSpec& spec) {
    if (spec.persistence == 0)
        return nullptr;
    Json json{{"seconds", spec.persistence}};
    if (spec.name.family == Family::v6)
        json["prefix"] = spec.netmask;
    else
        json["netmask"] = address_text(Family::v4, address_v4(static_cast<Be32>(spec.netmask)));
    json["engine"] = spec.pe.empty() ? Json(nullptr) : Json(spec.pe);
    return json;
}

/// Seconds that connections have; 0: they are reset at once.
Json drain_json(u32 drain) {
    if (drain == drain_unset)
        return nullptr;
    return drain == drain_finish ? Json("finish") : Json(drain - drain_reset);
}

Json flags_json(const ServiceSpec& spec) {
    Json flags = Json::array();
    const std::string text = sched_flags_text(spec.sched_flags, spec.scheduler);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        flags.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return flags;
}

/// Either `fwmark` is null, or the three members that name an address are.
Json service_json(const ServiceView& s) {
    const ServiceName& name = s.spec.name;
    const bool marked = name.fwmark != 0;
    Json json{{"family", family_text(name.family)},
              {"protocol", marked ? Json(nullptr) : Json(protocol_json(name.protocol))},
              {"address", marked ? Json(nullptr) : Json(address_text(name.family, name.vip))},
              {"port", marked ? Json(nullptr) : Json(from_be16(name.vport))},
              {"fwmark", marked ? Json(name.fwmark) : Json(nullptr)},
              {"scheduler", s.spec.scheduler},
              {"flags", flags_json(s.spec)},
              {"persistence", persistence_json(s.spec)},
              {"one_packet", s.spec.one_packet},
              {"drain", drain_json(s.spec.drain)},
              {"idle_reset", s.spec.idle_reset},
              {"counters", counters_json(s.counters)},
              {"rates", rates_json(s.rates)},
              {"servers", Json::array()}};
    for (const ServerView& server : s.servers)
        json["servers"].push_back(server_json(server));
    return json;
}

/// Nothing in it needs escaping.
void put_endpoint_json(Buffer& out, const char* name, Family family, const Address& addr, Be16 port) {
    fmt::format_to(to(out), FMT_COMPILE(",\"{}\":{{\"address\":\""), name);
    put_address(out, family, addr);
    fmt::format_to(to(out), FMT_COMPILE("\",\"port\":{}}}"), from_be16(port));
}

} // namespace

void put_services_json(Output& out, const std::vector<ServiceView>& services) {
    fmt::format_to(to(out.buffer()), "{{\"version\":{},\"services\":[", json_version);
    const char* separator = "\n";
    for (const ServiceView& service : services) {
        fmt::format_to(to(out.buffer()), "{}{}", separator, service_json(service).dump());
        separator = ",\n";
        if (!out.drain())
            return;
    }
    fmt::format_to(to(out.buffer()), "\n]}}\n");
}

ConnectionsJson::ConnectionsJson(Buffer& out) : out_(out) {
    fmt::format_to(to(out_), "{{\"version\":{},\"connections\":[", json_version);
}

void ConnectionsJson::put(const ConnectionView& c) {
    fmt::format_to(to(out_), FMT_COMPILE("{}{{\"family\":\"{}\",\"protocol\":\"{}\""), first_ ? "\n" : ",\n",
                   family_text(c.family), protocol_json(c.protocol));
    first_ = false;
    put_endpoint_json(out_, "client", c.family, c.client, c.cport);
    put_endpoint_json(out_, "virtual", c.family, c.vip, c.vport);
    put_endpoint_json(out_, "server", c.family, c.dest, c.dport);
    if (c.fwmark != 0)
        fmt::format_to(to(out_), FMT_COMPILE(",\"fwmark\":{}"), c.fwmark);
    else
        fmt::format_to(to(out_), FMT_COMPILE(",\"fwmark\":null"));
    fmt::format_to(to(out_), FMT_COMPILE(",\"state\":\"{}\",\"expires\":{}}}"), state_name(c.state), c.seconds);
}

void ConnectionsJson::end() { fmt::format_to(to(out_), "\n]}}\n"); }

std::string timeouts_json(const Timeouts& t) {
    const Json json{{"version", json_version}, {"timeouts", {{"tcp", t.tcp}, {"tcp_fin", t.tcp_fin}, {"udp", t.udp}}}};
    return json.dump() + "\n";
}

std::string daemons_json() { return fmt::format("{{\"version\":{},\"daemons\":[]}}\n", json_version); }

} // namespace bpvs::cli
