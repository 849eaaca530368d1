#include "control/names.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>

namespace bpvs {
namespace {

struct SchedulerName {
    const char* name;
    Scheduler scheduler;
};

constexpr std::array schedulers{
    SchedulerName{"rr", Scheduler::rr},     SchedulerName{"wrr", Scheduler::wrr},
    SchedulerName{"lc", Scheduler::lc},     SchedulerName{"wlc", Scheduler::wlc},
    SchedulerName{"lblc", Scheduler::lblc}, SchedulerName{"lblcr", Scheduler::lblcr},
    SchedulerName{"dh", Scheduler::dh},     SchedulerName{"sh", Scheduler::sh},
    SchedulerName{"sed", Scheduler::sed},   SchedulerName{"nq", Scheduler::nq},
    SchedulerName{"fo", Scheduler::fo},     SchedulerName{"ovf", Scheduler::ovf},
    SchedulerName{"mh", Scheduler::mh},     SchedulerName{"twos", Scheduler::twos},
    SchedulerName{"none", Scheduler::none},
};

const char* protocol_name(IpProto protocol) {
    switch (protocol) {
    case IpProto::tcp:
        return "TCP";
    case IpProto::udp:
        return "UDP";
    case IpProto::sctp:
        return "SCTP";
    case IpProto::none:
    case IpProto::icmp:
    case IpProto::icmp6:
        break;
    }
    return "IP";
}

} // namespace

std::optional<Scheduler> scheduler_by_name(const std::string& name) {
    const auto it = std::ranges::find_if(schedulers, [&](const SchedulerName& s) { return name == s.name; });
    return it == schedulers.end() ? std::nullopt : std::optional(it->scheduler);
}

const char* scheduler_name(Scheduler s) {
    const auto it = std::ranges::find(schedulers, s, &SchedulerName::scheduler);
    return it == schedulers.end() ? "none" : it->name;
}

std::optional<Engine> engine_by_name(const std::string& name) {
    if (name.empty())
        return Engine::none;
    return name == "sip" ? std::optional(Engine::sip) : std::nullopt;
}

const char* engine_name(Engine engine) { return engine == Engine::sip ? "sip" : ""; }

std::vector<std::string> scheduler_names() {
    std::vector<std::string> names;
    names.reserve(schedulers.size());
    for (const SchedulerName& s : schedulers)
        names.emplace_back(s.name);
    return names;
}

const char* state_name(State s) {
    constexpr std::array<const char*, state_count> names{
        "NONE",        "ESTABLISHED", "SYN_SENT",   "SYN_RECV",   "FIN_WAIT",  "TIME_WAIT", "CLOSE",  "CLOSE_WAIT",
        "LAST_ACK",    "LISTEN",      "SYNACK",     "UDP",        "ASSURED",   nullptr,     nullptr,  nullptr,
        nullptr,       "INIT1",       "INIT",       "C-SENT",     "C-REPLIED", "C-WAIT",    "COOKIE", "C-ECHOED",
        "ESTABLISHED", "S-SENT",      "S-RECEIVED", "S-ACK-SENT", "REJECTED",  "CLOSED"};
    const auto i = static_cast<std::size_t>(s);
    return i < names.size() && names[i] ? names[i] : "UNKNOWN";
}

std::string to_text(Family family, const Address& addr, Be16 port) {
    char text[INET6_ADDRSTRLEN] = "";
    const bool v6 = family == Family::v6;
    inet_ntop(v6 ? AF_INET6 : AF_INET, addr.word, text, sizeof text);
    return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), text, from_be16(port));
}

std::string to_text(const MarkRule& r) {
    std::string text;
    if (r.protocol != IpProto::none)
        text += r.protocol == IpProto::udp ? "-p udp " : r.protocol == IpProto::sctp ? "-p sctp " : "-p tcp ";
    if (r.length > 0) {
        char address[INET6_ADDRSTRLEN] = "";
        inet_ntop(r.family == Family::v6 ? AF_INET6 : AF_INET, r.destination.word, address, sizeof address);
        text += fmt::format("-d {}/{} ", address, r.length);
    } else if (r.family == Family::v6) {
        text += "-6 ";
    }
    if (r.first_port != 0 || r.last_port != 65535)
        text += r.first_port == r.last_port ? fmt::format("--dport {} ", r.first_port)
                                            : fmt::format("--dport {}:{} ", r.first_port, r.last_port);
    return text + fmt::format("--set-mark {}", r.mark);
}

std::string to_text(const ServiceName& name) {
    if (name.fwmark != 0)
        return fmt::format("FWM {}", name.fwmark);
    return fmt::format("{} {}", protocol_name(name.protocol), to_text(name.family, name.vip, name.vport));
}

} // namespace bpvs
