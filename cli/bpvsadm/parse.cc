#include "cli/bpvsadm/parse.hh"

#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/values.hh"

#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <popt.h>
#include <vector>

namespace bpvs::cli {
namespace {

constexpr u32 default_persistence = 360;
constexpr u32 max_seconds = 31 * 24 * 3600;

std::unexpected<Failure> usage(std::string message) { return std::unexpected(Failure{exit_usage, std::move(message)}); }

/// popt's table, made from ours: the value of a spelling is its row's index + 1, commands first.
std::vector<poptOption> popt_table() {
    std::vector<poptOption> table;
    int value = 0;
    const auto add = [&](const char* long_name, char short_name, Takes takes) {
        unsigned info = takes == Takes::nothing ? POPT_ARG_NONE : POPT_ARG_STRING;
        if (takes == Takes::optional_argument)
            info |= POPT_ARGFLAG_OPTIONAL;
        table.push_back({long_name, short_name, info, nullptr, ++value, nullptr, nullptr});
    };
    for (const CommandRow& row : commands())
        add(row.long_name, row.short_name, row.takes);
    for (const OptionRow& row : options())
        add(row.long_name, row.short_name, row.takes);
    table.push_back(POPT_TABLEEND);
    return table;
}

bool reads_lines(Verb verb) { return verb == Verb::restore || verb == Verb::replace || verb == Verb::ipvs_restore; }

class Parser {
public:
    Parser(int argc, const char** argv, bool from_restore)
        : context_(poptGetContext("ipvsadm", argc, argv, table().data(), 0), poptFreeContext), program_(argv[0]),
          from_restore_(from_restore) {}

    Parsed<Command> run() {
        if (auto ok = command_word(); !ok)
            return std::unexpected(ok.error());
        if (command_.verb == Verb::help || command_.verb == Verb::version)
            return command_;
        int spelling = 0;
        while ((spelling = next()) > 0)
            if (auto ok = option(spelling - 1); !ok)
                return std::unexpected(ok.error());
        if (spelling < -1)
            return std::unexpected(Failure{exit_refused, fmt::format("{}: {}", bad_word(), poptStrerror(spelling))});
        if (auto ok = operands(); !ok)
            return std::unexpected(ok.error());
        if (auto ok = check(command_); !ok)
            return std::unexpected(ok.error());
        return command_;
    }

private:
    /// Made once: a file has many lines.
    static const std::vector<poptOption>& table() {
        static const std::vector<poptOption> made = popt_table();
        return made;
    }

    int next() {
        const int spelling = poptGetNextOpt(context_.get());
        const std::unique_ptr<char, decltype(&std::free)> arg(poptGetOptArg(context_.get()), std::free);
        has_arg_ = arg != nullptr;
        arg_ = has_arg_ ? arg.get() : "";
        return spelling;
    }

    const char* bad_word() { return poptBadOption(context_.get(), POPT_BADOPTION_NOALIAS); }

    Parsed<void> command_word() {
        const int spelling = next();
        const auto rows = commands();
        const auto row = static_cast<std::size_t>(spelling) - 1;
        if (spelling < 1 || row >= rows.size() || (from_restore_ && reads_lines(rows[row].verb)))
            return std::unexpected(
                Failure{exit_refused, fmt::format("Try `{0} -h' or '{0} --help' for more information.", program_)});
        command_.verb = rows[row].verb;
        const bool known = arg_ == "master" || arg_ == "backup";
        if (command_.verb == Verb::start_daemon && !known)
            return usage("illegal start-daemon parameter specified");
        if (command_.verb == Verb::stop_daemon && !known)
            return usage("illegal start_daemon specified");
        return {};
    }

    Parsed<void> option(int index) {
        auto i = static_cast<std::size_t>(index);
        if (i < commands().size())
            return usage(fmt::format("invalid option `{}'", bad_word()));
        const OptionRow& row = options()[i - commands().size()];
        if (row.opt < Opt::count) {
            if (command_.has(row.opt))
                return usage(fmt::format("multiple '{}' options specified", name_of(row.opt)));
            command_.given.set(static_cast<std::size_t>(row.opt));
        }
        return value(row);
    }

    Parsed<void> value(const OptionRow& row) {
        ServerSpec& server = command_.server;
        switch (row.opt) {
        case Opt::service:
            return row.choice != 0 ? service(static_cast<IpProto>(row.choice)) : fwmark();
        case Opt::ipv6:
            return ipv6();
        case Opt::scheduler:
            if (!arg_.empty())
                command_.service.scheduler = arg_;
            return {};
        case Opt::persistent:
            return persistent();
        case Opt::netmask:
            return netmask();
        case Opt::pe:
            command_.service.pe = arg_;
            return {};
        case Opt::sched_flags:
            command_.sched_flags = arg_;
            return {};
        case Opt::ops:
            command_.service.one_packet = true;
            return {};
        case Opt::server:
            return real_server();
        case Opt::method:
            server.method = static_cast<Forward>(row.choice);
            return {};
        case Opt::weight:
            return number(server.weight, 0, 0x7fffffff, "illegal weight specified");
        case Opt::upper:
            return number(server.upper, 0, 0x7fffffff, "illegal u_threshold specified");
        case Opt::lower:
            return number(server.lower, 0, 0x7fffffff, "illegal l_threshold specified");
        case Opt::tun_type:
            return tunnel_type();
        case Opt::tun_port:
            if (auto ok = number(number_, 1, 65535, "illegal tunnel port specified"); !ok)
                return ok;
            server.tunnel_port = to_be16(static_cast<u16>(number_));
            return {};
        case Opt::tun_csum:
            server.tunnel_flags |= tunnel_flag_csum;
            return {};
        case Opt::tun_remcsum:
            server.tunnel_flags |= tunnel_flag_remcsum;
            return {};
        case Opt::mcast_interface:
            command_.daemon.interface = arg_;
            return {};
        case Opt::mcast_group:
            return mcast_group();
        case Opt::mcast_port:
            return number(number_, 1, 65535, "illegal mcast-port specified");
        case Opt::mcast_ttl:
            return number(number_, 1, 255, "illegal mcast-ttl specified");
        case Opt::syncid:
            return number(number_, 0, 255, "illegal syncid specified");
        case Opt::sync_maxlen:
            return number(number_, 1, 65507, "illegal sync-maxlen specified");
        case Opt::drain:
            return drain();
        case Opt::idle_reset:
            command_.service.idle_reset = true;
            return {};
        case Opt::filter_service:
        case Opt::filter_server:
        case Opt::filter_state:
        case Opt::filter_client:
            return filter(row.opt);
        default: // a switch: that it was given says it all
            return {};
        }
    }

    Parsed<void> number(u32& to, u32 min, u32 max, const char* otherwise) {
        const auto n = parse_number(arg_.c_str(), min, max);
        if (!n)
            return usage(otherwise);
        to = *n;
        return {};
    }

    Parsed<void> service(IpProto protocol) {
        const auto vip = parse_endpoint(arg_, protocol);
        if (!vip)
            return usage("illegal virtual server address[:port] specified");
        command_.service.name = {vip->family, protocol, vip->addr, vip->port.value_or(Be16{}), 0};
        forget_mask();
        return {};
    }

    Parsed<void> fwmark() {
        if (auto ok = number(number_, 1, 0xffffffff, ""); !ok)
            return usage(fmt::format("invalid fwmark value `{}' specified", arg_));
        command_.service.name = {Family::v4, IpProto::none, {}, {}, number_};
        return {};
    }

    Parsed<void> ipv6() {
        if (command_.service.name.fwmark == 0)
            return usage("-6 used before -f\n");
        command_.service.name.family = Family::v6;
        forget_mask();
        return {};
    }

    Parsed<void> persistent() {
        command_.service.persistence = default_persistence;
        if (!has_arg_)
            return {};
        if (auto ok = number(command_.service.persistence, 1, max_seconds, ""); !ok)
            return usage(fmt::format("invalid timeout value `{}' specified", arg_));
        return {};
    }

    /// As in ipvsadm, a mask given before the service turned out to be IPv6 does not count.
    void forget_mask() {
        if (command_.service.name.family == Family::v6)
            command_.service.netmask = whole_v6;
    }

    Parsed<void> netmask() {
        if (command_.service.name.family == Family::v6) {
            const int length = std::atoi(arg_.c_str());
            if (length < 1 || length > 128)
                return usage("illegal ipv6 netmask specified");
            command_.service.netmask = static_cast<u32>(length);
            return {};
        }
        const auto mask = parse_netmask(arg_.c_str());
        if (!mask)
            return usage("illegal virtual server persistent mask specified");
        command_.service.netmask = *mask;
        return {};
    }

    /// A server without a port has its service's, if the service was named before it. Of a service by mark,
    /// ports have TCP's names.
    Parsed<void> real_server() {
        const ServiceName& name = command_.service.name;
        const auto rip = parse_endpoint(arg_, name.fwmark != 0 ? IpProto::tcp : name.protocol);
        if (!rip)
            return usage("illegal real server address[:port] specified");
        command_.server.family = rip->family;
        command_.server.addr = rip->addr;
        command_.server.port = rip->port.value_or(command_.service.name.vport);
        return {};
    }

    Parsed<void> tunnel_type() {
        for (u32 i = 0; i < tunnel_types.size(); ++i) {
            if (arg_ != tunnel_types[i])
                continue;
            command_.server.tunnel_type = i;
            return {};
        }
        return usage("illegal tunnel type specified");
    }

    Parsed<void> mcast_group() {
        const bool v6 = arg_.find(':') != std::string::npos;
        if (is_multicast(arg_))
            return {};
        return usage(fmt::format("invalid IPv{} mcast-group `{}'", v6 ? 6 : 4, arg_));
    }

    Parsed<void> drain() {
        const auto policy = parse_drain(arg_);
        if (!policy)
            return usage(
                fmt::format("bpvsadm: --drain cannot use `{}'; give finish, reset or a number of seconds from 1 "
                            "to {}.",
                            arg_, max_seconds));
        command_.service.drain = *policy;
        return {};
    }

    Parsed<void> filter(Opt opt) {
        Filter& f = command_.filter;
        const char* wanted = "HOST or HOST:PORT; IPv6 is written [ADDRESS]:PORT";
        bool good = false;
        if (opt == Opt::filter_service) {
            wanted = "HOST or HOST:PORT, with tcp:, udp: or sctp: in front to name the protocol, or fwmark:MARK";
            good = (f.service = parse_service_filter(arg_)).has_value();
        } else if (opt == Opt::filter_server) {
            good = (f.server = parse_endpoint(arg_, IpProto::tcp)).has_value();
        } else if (opt == Opt::filter_client) {
            wanted = "ADDRESS or ADDRESS/BITS";
            good = (f.client = parse_network(arg_)).has_value();
        } else if (const auto states = parse_states(arg_)) {
            f.states = *states;
            good = true;
        }
        if (opt == Opt::filter_state && !good)
            return usage(fmt::format("bpvsadm: --filter-state does not know `{}'; give one or more of {}, with commas "
                                     "between.",
                                     arg_, all_states()));
        return good ? Parsed<void>{}
                    : usage(fmt::format("bpvsadm: --{} cannot use `{}'; give {}.", name_of(opt), arg_, wanted));
    }

    Parsed<void> operands() {
        std::vector<std::string> words;
        while (const char* word = poptGetArg(context_.get()))
            words.emplace_back(word);
        std::size_t used = 0;
        if (command_.verb == Verb::set) {
            if (words.size() < 3)
                return usage("--set option requires 3 timeout values");
            for (u32* to : {&command_.timeouts.tcp, &command_.timeouts.tcp_fin, &command_.timeouts.udp}) {
                const auto seconds = parse_number(words[used].c_str(), 0, max_seconds);
                if (!seconds)
                    return usage(fmt::format("invalid timeout value `{}' specified", words[used]));
                *to = *seconds;
                ++used;
            }
        }
        if (words.size() > used)
            return usage(fmt::format("unexpected argument {}", words[used]));
        return {};
    }

    std::unique_ptr<poptContext_s, decltype(&poptFreeContext)> context_;
    std::string program_;
    bool from_restore_;
    Command command_;
    std::string arg_;
    bool has_arg_ = false;
    u32 number_ = 0;
};

} // namespace

Parsed<Command> parse(int argc, const char** argv, bool from_restore) {
    if (argc == 1 && !from_restore) {
        Command list;
        list.verb = Verb::list;
        return list;
    }
    return Parser(argc, argv, from_restore).run();
}

} // namespace bpvs::cli
