// The command line as data: commands, options, how each is spelled, and which option may go with
// which command. Parsing, the help text and the tests of every cell read these tables.
#pragma once

#include "core/model/types.hh"

#include <cstddef>
#include <span>
#include <string_view>

namespace bpvs::cli {

enum class Verb : u8 {
    add_service,
    edit_service,
    delete_service,
    flush,
    restore,
    replace,
    ipvs_restore,
    save,
    add_server,
    edit_server,
    delete_server,
    list,
    zero,
    set,
    start_daemon,
    stop_daemon,
    help,
    version,
};

/// What an option is about; several spellings may be about the same (-t, -u and -f name a service).
/// An illegal combination is reported for the first of these, in this order.
enum class Opt : u8 {
    numeric,
    connection,
    service,
    scheduler,
    persistent,
    netmask,
    server,
    method,
    weight,
    upper,
    lower,
    mcast_interface,
    timeout,
    daemon,
    stats,
    rate,
    thresholds,
    persistent_conn,
    nosort,
    syncid,
    exact,
    ops,
    pe,
    sched_flags,
    mcast_group,
    mcast_port,
    mcast_ttl,
    sync_maxlen,
    tun_info,
    tun_type,
    tun_port,
    tun_nocsum,
    tun_csum,
    tun_remcsum,
    json, ///< from here on: options that ipvsadm does not have
    filter_service,
    filter_server,
    filter_state,
    filter_client,
    dry_run,
    drain,
    idle_reset,
    count, ///< from here on: options that go with every command
    ipv6,
    sort,
};
constexpr std::size_t opt_count = static_cast<std::size_t>(Opt::count);
constexpr std::size_t ipvsadm_opt_count = static_cast<std::size_t>(Opt::json);

/// The name of an option in messages ("service-address").
std::string_view name_of(Opt opt);
/// The name of a command in messages ("add-service").
std::string_view name_of(Verb verb);

enum class Rule : char {
    illegal = 'x',
    allowed = ' ',
    required = '+',
    exclusive = '1', ///< at most one of these
};
Rule rule(Verb verb, Opt opt);

enum class Takes : u8 { nothing, argument, optional_argument };

/// One way to write a command.
struct CommandRow {
    Verb verb;
    const char* long_name;
    char short_name;
    Takes takes;
    const char* operands; ///< as shown in the help
    const char* help;     ///< nullptr: another spelling of the row above
};
std::span<const CommandRow> commands();

/// One way to write an option.
struct OptionRow {
    Opt opt;
    const char* long_name;
    char short_name;
    Takes takes;
    const char* argument; ///< as shown in the help
    u32 choice;           ///< which of the things `opt` can be: a protocol, a forwarding method
    const char* help;
};
std::span<const OptionRow> options();

} // namespace bpvs::cli
