#include "tests/scenarios/lib/commands.hh"

#include "cli/bpvs/mark_text.hh"
#include "cli/bpvsadm/values.hh"
#include "tests/scenarios/lib/packet.hh"

#include <fmt/format.h>

namespace bpvs::scenario {

namespace {

struct Line {
    char command = 0;
    std::optional<ServiceName> service;
    std::string scheduler = "wlc";
    bool one_packet = false;
    u32 persistence = 0;
    std::optional<u32> netmask;
    std::string sched_flags;
    u32 drain = drain_unset;
    bool idle_reset = false;
    ServerSpec server;
    Timeouts timeouts{};
};

/// HOST, HOST:PORT, [IPV6]:PORT
void parse_endpoint(const std::string& text, Family& family, Address& addr, Be16& port) {
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string::npos;
    const std::size_t colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
    const Host host = parse_address(bracket == std::string::npos ? text.substr(0, colon) : text.substr(1, bracket - 1));
    family = host.family;
    addr = host.addr;
    if (colon != std::string::npos)
        port = to_be16(parse_number<u16>(text.substr(colon + 1)));
}

u32 parse_drain(const std::string& text) {
    return text == "finish" ? drain_finish : text == "reset" ? drain_reset : parse_number<u32>(text) + 1;
}

Line parse_line(const std::vector<std::string>& words) {
    Line line;
    std::size_t at = 0;
    const auto next = [&] {
        if (at >= words.size())
            throw Wrong("the command line ends too early");
        return words[at++];
    };
    const std::string command = next();
    if (command == "--set") {
        line.command = 's';
        line.timeouts.tcp = parse_number<u32>(next());
        line.timeouts.tcp_fin = parse_number<u32>(next());
        line.timeouts.udp = parse_number<u32>(next());
    } else if (command.size() == 2 && command[0] == '-' &&
               std::string_view("AEDCZaed").find(command[1]) != std::string_view::npos) {
        line.command = command[1];
    } else {
        throw Wrong(fmt::format("scenarios know the commands -A -E -D -C -Z -a -e -d --set, not '{}'", command));
    }
    while (at < words.size()) {
        const std::string option = next();
        if (option == "-f") {
            line.service = ServiceName{.fwmark = parse_number<u32>(next())};
        } else if (option == "-t" || option == "-u" || option == "--sctp-service") {
            line.service = parse_service(option == "-t" ? "tcp" : option == "-u" ? "udp" : "sctp", next());
        } else if (option == "-s") {
            line.scheduler = next();
        } else if (option == "-m") {
            line.server.method = Forward::masq;
        } else if (option == "-o") {
            line.one_packet = true;
        } else if (option == "-6") {
            line.service.value().family = Family::v6;
        } else if (option == "-b") {
            line.sched_flags = next();
        } else if (option == "-M") {
            const std::string mask = next();
            const bool dotted = mask.find('.') != std::string::npos;
            line.netmask = dotted ? static_cast<u32>(parse_address(mask).addr.word[0]) : parse_number<u32>(mask);
        } else if (option == "-p") {
            line.persistence = parse_number<u32>(next());
        } else if (option == "--drain") {
            line.drain = parse_drain(next());
        } else if (option == "--idle-reset") {
            line.idle_reset = true;
        } else if (option == "-x") {
            line.server.upper = parse_number<u32>(next());
        } else if (option == "-y") {
            line.server.lower = parse_number<u32>(next());
        } else if (option == "-w") {
            line.server.weight = parse_number<u32>(next());
        } else if (option == "-r") {
            line.server.port = line.service ? line.service->vport : Be16{};
            parse_endpoint(next(), line.server.family, line.server.addr, line.server.port);
        } else {
            throw Wrong(fmt::format("scenarios know the options -t -u --sctp-service -f -6 -s -b -p -M -o -r -m -w -x "
                                    "-y --drain --idle-reset, not '{}'",
                                    option));
        }
    }
    if (!line.service && std::string_view("AEDaed").find(line.command) != std::string_view::npos)
        throw Wrong("the command needs -t, -u, --sctp-service or -f");
    return line;
}

} // namespace

ServiceName parse_service(const std::string& protocol, const std::string& endpoint) {
    ServiceName name;
    if (protocol == "mark") {
        name.fwmark = parse_number<u32>(endpoint);
        return name;
    }
    name.protocol = protocol == "tcp"    ? IpProto::tcp
                    : protocol == "udp"  ? IpProto::udp
                    : protocol == "sctp" ? IpProto::sctp
                                         : IpProto::none;
    if (name.protocol == IpProto::none)
        throw Wrong(fmt::format("'{}' should be tcp, udp, sctp or mark", protocol));
    parse_endpoint(endpoint, name.family, name.vip, name.vport);
    return name;
}

Result<void> carry_out_mark(Marks marks, const std::vector<std::string>& words) {
    cli::MarkWords rule;
    std::string number;
    const std::string command = words.empty() ? "" : words.front();
    for (std::size_t at = 1; at < words.size(); at++) {
        std::string* value = words[at] == "-p"           ? &rule.protocol
                             : words[at] == "-d"         ? &rule.destination
                             : words[at] == "--dport"    ? &rule.ports
                             : words[at] == "--set-mark" ? &rule.mark
                                                         : nullptr;
        if (value && at + 1 < words.size())
            *value = words[++at];
        else if (!value && number.empty())
            number = words[at];
        else
            throw Wrong(
                fmt::format("scenarios know the options -p -d --dport --set-mark and a number, not '{}'", words[at]));
    }
    if (command == "flush")
        return marks.clear();
    if (command == "del" && !number.empty())
        return marks.remove(parse_number<u32>(number));
    if (!rule.destination.empty()) { // a role, perhaps with a length
        const std::size_t slash = std::min(rule.destination.find('/'), rule.destination.size());
        const std::string name = rule.destination.substr(0, slash);
        rule.destination = address_text(parse_address(name)) + rule.destination.substr(slash);
    }
    const auto parsed = cli::parse_mark_rule(rule);
    if (!parsed)
        return std::unexpected(parsed.error());
    if (command == "del")
        return marks.remove(*parsed);
    if (command == "add")
        return marks.add(*parsed);
    throw Wrong(fmt::format("scenarios know bpvs mark add, del and flush, not '{}'", command));
}

Result<void> carry_out(Director& director, const std::vector<std::string>& words) {
    const Line line = parse_line(words);
    const ServiceName name = line.service.value_or(ServiceName{});
    ServiceSpec service;
    service.name = name;
    service.scheduler = line.scheduler;
    service.one_packet = line.one_packet;
    service.persistence = line.persistence;
    service.netmask = line.netmask.value_or(name.family == Family::v6 ? 128 : 0xffffffff);
    const cli::SchedFlags flags = cli::parse_sched_flags(line.sched_flags, line.scheduler);
    if (!flags.unknown.empty() || !flags.incompatible.empty())
        throw Wrong(fmt::format("'{}' are no flags of {}", line.sched_flags, line.scheduler));
    service.sched_flags = flags.bits;
    service.drain = line.drain;
    service.idle_reset = line.idle_reset;
    switch (line.command) {
    case 'A':
        return director.add_service(service);
    case 'E':
        return director.edit_service(service);
    case 'D':
        return director.delete_service(name);
    case 'C':
        return director.flush();
    case 'Z':
        return director.zero(line.service);
    case 'a':
        return director.add_server(name, line.server);
    case 'e':
        return director.edit_server(name, line.server);
    case 'd':
        return director.delete_server(name, line.server.family, line.server.addr, line.server.port);
    default:
        return director.set_timeouts(line.timeouts);
    }
}

} // namespace bpvs::scenario
