#include "tests/scenarios/lib/ipvs_tables.hh"

#include "tests/scenarios/lib/commands.hh"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <sstream>

namespace bpvs::scenario {

namespace {

Words words_of(const std::string& line) {
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), {}};
}

u32 hex(std::string_view text) {
    u32 value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

u32 decimal(const std::string& text) { return static_cast<u32>(std::strtoul(text.c_str(), nullptr, 10)); }

/// 01010101, 2001:0db8:…, [2001:0db8:…]
Host proc_address(std::string text) {
    if (text.find(':') == std::string::npos)
        return {Family::v4, address_v4(to_be32(hex(text)))};
    if (text.starts_with('['))
        text = text.substr(1, text.find(']') - 1);
    return parse_address(text);
}

struct Endpoint {
    Host host;
    Be16 port{};
};
Endpoint proc_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    return {proc_address(text.substr(0, colon)), to_be16(static_cast<u16>(hex(text.substr(colon + 1))))};
}

IpProto protocol_of(const std::string& name) {
    return name == "TCP" ? IpProto::tcp : name == "UDP" ? IpProto::udp : name == "SCTP" ? IpProto::sctp : IpProto::none;
}

bool is_service(const Words& w) { return w.size() > 1 && (w[0] == "FWM" || protocol_of(w[0]) != IpProto::none); }

/// As a row of ipvsadm's names it.
ServiceName service_name(const Words& w) {
    if (w[0] == "FWM")
        return {.fwmark = decimal(w[1])};
    ServiceName name = parse_service("tcp", w[1]);
    name.protocol = protocol_of(w[0]);
    return name;
}

/// The service or the server (of the last service) that a row of ipvsadm's is about.
struct Place {
    ServiceView* service = nullptr;
    ServerView* server = nullptr;
};

void each_row(std::istream& listing, std::vector<ServiceView>& services,
              const std::function<void(const Place&, const Words&)>& visit) {
    std::string line;
    Place place;
    while (std::getline(listing, line)) {
        const Words w = words_of(line);
        if (is_service(w)) {
            const ServiceName name = service_name(w);
            const auto it = std::ranges::find_if(services, [&](const ServiceView& s) {
                return name.fwmark ? s.spec.name.fwmark == name.fwmark : s.spec.name == name;
            });
            place = {it == services.end() ? nullptr : &*it, nullptr};
        } else if (w.size() > 1 && w[0] == "->" && place.service) {
            const ServiceName as = parse_service("tcp", w[1]);
            const auto it = std::ranges::find_if(place.service->servers, [&](const ServerView& s) {
                return s.spec.addr == as.vip && s.spec.port == as.vport;
            });
            if (it == place.service->servers.end())
                continue;
            place.server = &*it;
        } else {
            continue;
        }
        if (place.service)
            visit(place, w);
    }
}

} // namespace

std::vector<ServiceView> read_ip_vs(std::istream& file) {
    std::vector<ServiceView> all;
    std::string line;
    while (std::getline(file, line)) {
        const Words w = words_of(line);
        if (is_service(w)) {
            ServiceView view;
            view.spec.name.protocol = protocol_of(w[0]);
            view.spec.scheduler = w.at(2);
            if (w[0] == "FWM") {
                view.spec.name.fwmark = hex(w[1]);
            } else {
                const Endpoint vip = proc_endpoint(w[1]);
                view.spec.name.family = vip.host.family;
                view.spec.name.vip = vip.host.addr;
                view.spec.name.vport = vip.port;
            }
            view.spec.one_packet = std::ranges::find(w, "ops") != w.end();
            all.push_back(std::move(view));
        } else if (w.size() > 5 && w[0] == "->" && !all.empty()) {
            const Endpoint rip = proc_endpoint(w[1]);
            ServerView server;
            server.spec = {.family = rip.host.family, .addr = rip.host.addr, .port = rip.port, .weight = decimal(w[3])};
            server.active = decimal(w[4]);
            server.inactive = decimal(w[5]);
            if (all.back().spec.name.fwmark)
                all.back().spec.name.family = rip.host.family;
            all.back().servers.push_back(server);
        }
    }
    return all;
}

std::vector<ConnectionView> read_ip_vs_conn(std::istream& file) {
    std::vector<ConnectionView> all;
    std::string line;
    while (std::getline(file, line)) {
        const Words w = words_of(line);
        if (w.size() < 9 || (w[0] != "IP" && protocol_of(w[0]) == IpProto::none))
            continue;
        ConnectionView c{};
        const auto port = [&](std::size_t i) { return to_be16(static_cast<u16>(hex(w[i]))); };
        const Host client = proc_address(w[1]);
        c.family = client.family;
        c.protocol = protocol_of(w[0]);
        c.client = client.addr;
        c.vip = proc_address(w[3]).addr;
        c.dest = proc_address(w[5]).addr;
        c.cport = port(2);
        c.vport = port(4);
        c.dport = port(6);
        for (u32 s = 0; s < state_count; s++)
            if (w[7] == state_name(static_cast<State>(s)))
                c.state = static_cast<State>(s);
        c.seconds = decimal(w[8]);
        all.push_back(c);
    }
    return all;
}

void add_stats(std::istream& listing, std::vector<ServiceView>& services) {
    each_row(listing, services, [](const Place& place, const Words& w) {
        const auto number = [&](std::size_t from_end) { return std::stoull(w.at(w.size() - from_end)); };
        if (w.size() < 7)
            return;
        (place.server ? place.server->counters : place.service->counters) = {.conns = number(5),
                                                                             .in_packets = number(4),
                                                                             .out_packets = number(3),
                                                                             .in_bytes = number(2),
                                                                             .out_bytes = number(1)};
    });
}

void add_persistent(std::istream& listing, std::vector<ServiceView>& services) {
    each_row(listing, services, [](const Place& place, const Words& w) {
        if (place.server)
            place.server->persistent = decimal(w.at(3));
    });
}

} // namespace bpvs::scenario
