// A command line, understood: what parse() yields and execute() carries out.
#pragma once

#include "cli/bpvsadm/filter.hh"
#include "cli/bpvsadm/options.hh"
#include "control/director.hh"

#include <bitset>
#include <expected>
#include <string>

namespace bpvs::cli {

/// Exit statuses that scripts written for ipvsadm rely on.
enum Exit : int {
    exit_ok = 0,
    exit_no_such_service = 1, ///< only of -L with a service
    exit_usage = 2,           ///< the command line is wrong, or no permission
    exit_refused = 255,       ///< the change was refused; also unknown options and missing arguments
};

/// Why a command line was not carried out: what to print on stderr, and the exit status.
struct Failure {
    int exit;
    std::string message;
};
template <class T>
using Parsed = std::expected<T, Failure>;

struct SyncDaemon {
    std::string interface = "eth0";
};

struct Command {
    Verb verb{};
    std::bitset<opt_count> given;
    ServiceSpec service;
    ServerSpec server;
    Timeouts timeouts{};
    std::string sched_flags; ///< the text of -b
    SyncDaemon daemon;
    Filter filter; ///< what -L is to show

    bool has(Opt opt) const { return given.test(static_cast<std::size_t>(opt)); }
};

} // namespace bpvs::cli
