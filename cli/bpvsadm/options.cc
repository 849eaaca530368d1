#include "cli/bpvsadm/options.hh"

#include "core/model/service.hh"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace bpvs::cli {
namespace {

struct VerbRow {
    const char* name;
    const char* rules;
};

// One column per Opt: '+' required, ' ' allowed, '1' excludes the other '1's, 'x' illegal.
// clang-format off
constexpr std::array<VerbRow, 18> verbs{{
    //                   numeric
    //                   |connection
    //                   ||service
    //                   |||scheduler
    //                   ||||persistent
    //                   |||||netmask
    //                   ||||||server
    //                   |||||||method
    //                   ||||||||weight upper lower
    //                   |||||||||||mcast-interface
    //                   ||||||||||||timeout daemon
    //                   ||||||||||||||stats rate thresholds persistent-conn
    //                   ||||||||||||||||||nosort
    //                   |||||||||||||||||||syncid
    //                   ||||||||||||||||||||exact
    //                   |||||||||||||||||||||ops
    //                   ||||||||||||||||||||||pe
    //                   |||||||||||||||||||||||sched-flags
    //                   ||||||||||||||||||||||||mcast-group -port -ttl sync-maxlen
    //                   ||||||||||||||||||||||||||||tun-info
    //                   |||||||||||||||||||||||||||||tun-type -port -nocsum -csum -remcsum
    {"add-service",     "xx+   xxxxxxxxxxxxxxx   xxxxxxxxxx"},
    {"edit-service",    "xx+   xxxxxxxxxxxxxxx   xxxxxxxxxx"},
    {"delete-service",  "xx+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"flush",           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"restore",         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"replace",         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"ipvs-restore",    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"save",            " xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"add-server",      "xx+xxx+    xxxxxxxxxxxxxxxxxx     "},
    {"edit-server",     "xx+xxx+    xxxxxxxxxxxxxxxxxx     "},
    {"delete-server",   "xx+xxx+xxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"list",            " 11xxxxxxxxx11       xxxxxxx xxxxx"},
    {"zero",            "xx xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"set",             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"start-daemon",    "xxxxxxxxxxx xxxxxxx xxxx    xxxxxx"},
    {"stop-daemon",     "xxxxxxxxxxxxxxxxxxx xxxxxxxxxxxxxx"},
    {"help",            "                                  "},
    {"version",         "                                  "},
}};

// Options that ipvsadm does not have: the commands that each goes with. They have long names only, so that every command
// line of ipvsadm means what it always did.
struct ExtensionRow {
    Opt opt;
    u32 verbs; ///< bits
};

consteval u32 with(std::initializer_list<Verb> members) {
    u32 bits = 0;
    for (const Verb v : members)
        bits |= 1u << static_cast<u32>(v);
    return bits;
}
constexpr std::array extensions{
    ExtensionRow{Opt::json, with({Verb::list})},
    ExtensionRow{Opt::filter_service, with({Verb::list})},
    ExtensionRow{Opt::filter_server, with({Verb::list})},
    ExtensionRow{Opt::filter_state, with({Verb::list})},
    ExtensionRow{Opt::filter_client, with({Verb::list})},
    ExtensionRow{Opt::dry_run,
                 with({Verb::add_service, Verb::edit_service, Verb::delete_service, Verb::flush, Verb::restore,
                       Verb::replace, Verb::add_server, Verb::edit_server, Verb::delete_server, Verb::zero, Verb::set})},
    ExtensionRow{Opt::drain, with({Verb::add_service, Verb::edit_service})},
    ExtensionRow{Opt::idle_reset, with({Verb::add_service, Verb::edit_service})},
};

constexpr std::array<const char*, opt_count> opt_names{
    "numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server",
    "forwarding-method", "weight", "u-threshold", "l-threshold", "mcast-interface", "timeout", "daemon", "stats",
    "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "ops", "pe", "sched-flags", "mcast-group",
    "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info", "tun-type", "tun-port", "tun-nocsum", "tun-csum",
    "tun-remcsum", "json", "filter-service", "filter-server", "filter-state", "filter-client", "dry-run",
    "drain", "idle-reset",
};

constexpr auto none = Takes::nothing;
constexpr auto arg = Takes::argument;
constexpr auto opt_arg = Takes::optional_argument;

constexpr std::array command_rows{
    CommandRow{Verb::add_service,    "add-service",    'A', none, "SERVICE [OPTIONS]",        "add a virtual service"},
    CommandRow{Verb::edit_service,   "edit-service",   'E', none, "SERVICE [OPTIONS]",        "change a virtual service"},
    CommandRow{Verb::delete_service, "delete-service", 'D', none, "SERVICE",                  "delete a virtual service"},
    CommandRow{Verb::flush,          "clear",          'C', none, "",                         "delete all services"},
    CommandRow{Verb::restore,        "restore",        'R', none, "",                         "carry out the lines of standard input, all at once or none"},
    CommandRow{Verb::replace,        "replace",        0,   none, "",                         "the same on an empty table: -C and -R in one switch"},
    CommandRow{Verb::ipvs_restore,   "ipvs-restore",   0,   none, "",                         "carry out the lines of standard input one by one"},
    CommandRow{Verb::save,           "save",           'S', none, "[-n]",                     "print the table as input for -R"},
    CommandRow{Verb::add_server,     "add-server",     'a', none, "SERVICE -r SERVER [OPTIONS]", "add a real server"},
    CommandRow{Verb::edit_server,    "edit-server",    'e', none, "SERVICE -r SERVER [OPTIONS]", "change a real server"},
    CommandRow{Verb::delete_server,  "delete-server",  'd', none, "SERVICE -r SERVER",        "remove a real server"},
    CommandRow{Verb::list,           "list",           'L', none, "[SERVICE] [OPTIONS]",      "show the table (also -l)"},
    CommandRow{Verb::list,           nullptr,          'l', none, "",                         nullptr},
    CommandRow{Verb::zero,           "zero",           'Z', none, "[SERVICE]",                "zero the counters"},
    CommandRow{Verb::set,            "set",            0,   none, "TCP TCPFIN UDP",           "set timeouts in seconds, 0 keeps one"},
    CommandRow{Verb::start_daemon,   "start-daemon",   0,   arg,  "master|backup [OPTIONS]",  "start the synchronisation daemon"},
    CommandRow{Verb::stop_daemon,    "stop-daemon",    0,   arg,  "master|backup",            "stop the synchronisation daemon"},
    CommandRow{Verb::help,           "help",           'h', none, "",                         "show this text"},
    CommandRow{Verb::version,        "version",        'v', none, "",                         "show the version"},
};

constexpr auto tcp = static_cast<u32>(IpProto::tcp);
constexpr auto udp = static_cast<u32>(IpProto::udp);
constexpr auto sctp = static_cast<u32>(IpProto::sctp);
constexpr auto masq = static_cast<u32>(Forward::masq);
constexpr auto tunnel = static_cast<u32>(Forward::tunnel);
constexpr auto route = static_cast<u32>(Forward::route);

constexpr std::array option_rows{
    OptionRow{Opt::service,         "tcp-service",     't', arg,  "HOST[:PORT]", tcp,    "SERVICE: TCP"},
    OptionRow{Opt::service,         "udp-service",     'u', arg,  "HOST[:PORT]", udp,    "SERVICE: UDP"},
    OptionRow{Opt::service,         "sctp-service",    0,   arg,  "HOST[:PORT]", sctp,   "SERVICE: SCTP"},
    OptionRow{Opt::service,         "fwmark-service",  'f', arg,  "MARK",        0,      "SERVICE: by firewall mark, from 1"},
    OptionRow{Opt::ipv6,            "ipv6",            '6', none, "",            0,      "after -f: the service is IPv6"},
    OptionRow{Opt::scheduler,       "scheduler",       's', arg,  "NAME",        0,      "how servers take turns (wlc)"},
    OptionRow{Opt::persistent,      "persistent",      'p', opt_arg, "[SECONDS]", 0,     "clients stay with their server (360)"},
    OptionRow{Opt::netmask,         "netmask",         'M', arg,  "MASK",        0,      "with -p: how much of a client's address counts"},
    OptionRow{Opt::pe,              "pe",              0,   arg,  "NAME",        0,      "with -p: persistence engine"},
    OptionRow{Opt::sched_flags,     "sched-flags",     'b', arg,  "FLAG[,FLAG]", 0,      "flags of the scheduler"},
    OptionRow{Opt::ops,             "ops",             'o', none, "",            0,      "UDP, -f: schedule every packet by itself"},
    OptionRow{Opt::server,          "real-server",     'r', arg,  "HOST[:PORT]", 0,      "SERVER"},
    OptionRow{Opt::method,          "gatewaying",      'g', none, "",            route,  "direct routing (default)"},
    OptionRow{Opt::method,          "ipip",            'i', none, "",            tunnel, "tunneling"},
    OptionRow{Opt::method,          "masquerading",    'm', none, "",            masq,   "address translation (NAT)"},
    OptionRow{Opt::tun_type,        "tun-type",        0,   arg,  "ipip|gue|gre", 0,     "kind of tunnel (ipip)"},
    OptionRow{Opt::tun_port,        "tun-port",        0,   arg,  "PORT",        0,      "gue: destination port"},
    OptionRow{Opt::tun_nocsum,      "tun-nocsum",      0,   none, "",            0,      "gue, gre: no checksum"},
    OptionRow{Opt::tun_csum,        "tun-csum",        0,   none, "",            0,      "gue, gre: checksum"},
    OptionRow{Opt::tun_remcsum,     "tun-remcsum",     0,   none, "",            0,      "gue: remote checksum"},
    OptionRow{Opt::weight,          "weight",          'w', arg,  "NUMBER",      0,      "capacity of the server (1); 0: no new connections"},
    OptionRow{Opt::upper,           "u-threshold",     'x', arg,  "NUMBER",      0,      "upper connection threshold (0: none)"},
    OptionRow{Opt::lower,           "l-threshold",     'y', arg,  "NUMBER",      0,      "lower connection threshold (0: none)"},
    OptionRow{Opt::numeric,         "numeric",         'n', none, "",            0,      "numbers instead of names"},
    OptionRow{Opt::connection,      "connection",      'c', none, "",            0,      "show connections"},
    OptionRow{Opt::timeout,         "timeout",         0,   none, "",            0,      "show the timeouts"},
    OptionRow{Opt::daemon,          "daemon",          0,   none, "",            0,      "show synchronisation daemons"},
    OptionRow{Opt::stats,           "stats",           0,   none, "",            0,      "show counters"},
    OptionRow{Opt::rate,            "rate",            0,   none, "",            0,      "show rates per second"},
    OptionRow{Opt::exact,           "exact",           'X', none, "",            0,      "do not shorten large numbers"},
    OptionRow{Opt::thresholds,      "thresholds",      0,   none, "",            0,      "show connection thresholds"},
    OptionRow{Opt::persistent_conn, "persistent-conn", 0,   none, "",            0,      "show persistent connections"},
    OptionRow{Opt::tun_info,        "tun-info",        0,   none, "",            0,      "show tunnels"},
    OptionRow{Opt::nosort,          "nosort",          0,   none, "",            0,      "newest server first"},
    OptionRow{Opt::sort,            "sort",            0,   none, "",            0,      "accepted, does nothing"},
    OptionRow{Opt::syncid,          "syncid",          0,   arg,  "ID",          0,      "daemon: 0 to 255"},
    OptionRow{Opt::sync_maxlen,     "sync-maxlen",     0,   arg,  "BYTES",       0,      "daemon: longest message"},
    OptionRow{Opt::mcast_interface, "mcast-interface", 0,   arg,  "INTERFACE",   0,      "daemon: where it sends"},
    OptionRow{Opt::mcast_group,     "mcast-group",     0,   arg,  "ADDRESS",     0,      "daemon: group"},
    OptionRow{Opt::mcast_port,      "mcast-port",      0,   arg,  "PORT",        0,      "daemon: UDP port"},
    OptionRow{Opt::mcast_ttl,       "mcast-ttl",       0,   arg,  "TTL",         0,      "daemon: TTL"},
    OptionRow{Opt::json,            "json",            0,   none, "",            0,      "the listing as JSON: all that is known, in numbers"},
    OptionRow{Opt::filter_service,  "filter-service",  0,   arg,  "[tcp:|udp:|sctp:]HOST[:PORT]|fwmark:MARK", 0, "only these services or connections"},
    OptionRow{Opt::filter_server,   "filter-server",   0,   arg,  "HOST[:PORT]", 0,      "only what has this real server"},
    OptionRow{Opt::filter_state,    "filter-state",    0,   arg,  "STATE[,STATE]", 0,    "with -c: only connections in these states"},
    OptionRow{Opt::filter_client,   "filter-client",   0,   arg,  "ADDRESS[/BITS]", 0,   "with -c: only connections of these clients"},
    OptionRow{Opt::dry_run,         "dry-run",         0,   none, "",            0,      "print what would change, and change nothing"},
    OptionRow{Opt::drain,           "drain",           0,   arg,  "finish|reset|SECONDS", 0, "how connections end when their server is removed or gets weight 0"},
    OptionRow{Opt::idle_reset,      "idle-reset",      0,   none, "",            0,      "TCP connections that expired idle are reset when one side speaks again"},
};
// clang-format on

consteval bool complete() {
    for (const VerbRow& row : verbs)
        if (std::string_view(row.rules).size() != ipvsadm_opt_count)
            return false;
    return opt_names.back() != nullptr && ipvsadm_opt_count + extensions.size() == opt_count;
}
static_assert(complete(), "every command needs a rule for every option");

} // namespace

std::string_view name_of(Opt opt) { return opt_names.at(static_cast<std::size_t>(opt)); }
std::string_view name_of(Verb verb) { return verbs.at(static_cast<std::size_t>(verb)).name; }

Rule rule(Verb verb, Opt opt) {
    if (opt >= Opt::json && opt < Opt::count) {
        const auto row = std::ranges::find(extensions, opt, &ExtensionRow::opt);
        const bool universal = verb == Verb::help || verb == Verb::version;
        return universal || (row->verbs >> static_cast<u32>(verb) & 1) != 0 ? Rule::allowed : Rule::illegal;
    }
    return static_cast<Rule>(verbs.at(static_cast<std::size_t>(verb)).rules[static_cast<std::size_t>(opt)]);
}

std::span<const CommandRow> commands() { return command_rows; }
std::span<const OptionRow> options() { return option_rows; }

} // namespace bpvs::cli
