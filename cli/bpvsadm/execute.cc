#include "cli/bpvsadm/execute.hh"

#include "cli/bpvsadm/list.hh"
#include "cli/bpvsadm/parse.hh"
#include "cli/bpvsadm/privilege.hh"
#include "control/draft.hh"

#include <fmt/format.h>
#include <net/if.h>

namespace bpvs::cli {
namespace {

/// --dry-run of one command.
int try_out(const Command& c, Director& director, const Streams& streams) {
    auto draft = director.draft();
    if (!draft)
        return report(failure_of(c.verb, draft.error()), streams);
    if (auto done = change(c, **draft); !done)
        return report(failure_of(c.verb, done.error()), streams);
    std::vector<std::string> zeros;
    if (c.verb == Verb::zero)
        zeros.push_back(c.has(Opt::service) ? "-Z " + service_option(c.service.name, {}) : "-Z");
    return show_effect(director, **draft, zeros, streams);
}

int start_daemon(const Command& c, const Streams& streams) {
    if (if_nametoindex(c.daemon.interface.c_str()) == 0 && !c.daemon.interface.empty())
        return report({exit_refused, "No such device"}, streams);
    return report({exit_refused, "bpvsadm: Cannot start a synchronisation daemon: this version does not synchronise "
                                 "connections with another director; leave --start-daemon out."},
                  streams);
}

/// A trial takes the lock, and leaves a director that is not up as it is.
Access access_of(const Command& c) {
    if (c.has(Opt::dry_run))
        return Access::change;
    switch (c.verb) {
    case Verb::list:
    case Verb::save:
    case Verb::start_daemon:
    case Verb::stop_daemon:
        return Access::read;
    case Verb::add_service:
    case Verb::restore:
    case Verb::replace:
    case Verb::ipvs_restore:
    case Verb::set:
        return Access::create;
    default:
        return Access::change;
    }
}

} // namespace

Result<void> change(const Command& c, Changes& table) {
    const ServiceName& name = c.service.name;
    switch (c.verb) {
    case Verb::add_service:
        return table.add_service(c.service);
    case Verb::edit_service:
        return table.edit_service(c.service);
    case Verb::delete_service:
        return table.delete_service(name);
    case Verb::flush:
        return table.flush();
    case Verb::add_server:
        return table.add_server(name, c.server);
    case Verb::edit_server:
        return table.edit_server(name, c.server);
    case Verb::delete_server:
        return table.delete_server(name, c.server.family, c.server.addr, c.server.port);
    case Verb::zero:
        return table.zero(c.has(Opt::service) ? std::optional(name) : std::nullopt);
    default:
        return table.set_timeouts(c.timeouts);
    }
}

Failure failure_of(Verb verb, const Error& error) {
    const bool of_server = verb == Verb::add_server || verb == Verb::edit_server || verb == Verb::delete_server;
    switch (error.code) {
    case Errc::service_exists:
        return {exit_refused, "Service already exists"};
    case Errc::no_service:
        if (verb == Verb::list)
            return {exit_no_such_service, "No such service"};
        return {exit_refused, of_server ? "Service not defined" : "No such service"};
    case Errc::server_exists:
        return {exit_refused, "Destination already exists"};
    case Errc::no_server:
        return {exit_refused, "No such destination"};
    case Errc::unknown_scheduler:
        return {exit_refused, "Scheduler or persistence engine not found"};
    case Errc::out_of_range:
        return {exit_refused, "Numerical result out of range"};
    case Errc::not_unicast:
        return {exit_refused, "Invalid operation.  Possibly wrong module version, address not unicast, ..."};
    case Errc::permission:
        return {exit_usage, "Can't initialize ipvs: Permission denied (you must be root)\n"
                            "Are you sure that IP Virtual Server is built in the kernel or as module?"};
    default:
        return {exit_refused, "bpvsadm: " + error.message};
    }
}

int report(const Failure& failure, const Streams& streams) {
    std::fflush(streams.out);
    fmt::print(streams.err, "{}\n", failure.message);
    return failure.exit;
}

int execute(const Command& command, Director& director, const Streams& streams) {
    switch (command.verb) {
    case Verb::list:
    case Verb::save:
        return show(command, director, streams);
    case Verb::start_daemon:
        return start_daemon(command, streams);
    case Verb::stop_daemon:
        return report({exit_refused, "No daemon is running"}, streams);
    default:
        if (command.has(Opt::dry_run))
            return try_out(command, director, streams);
        if (auto done = change(command, director); !done)
            return report(failure_of(command.verb, done.error()), streams);
        return exit_ok;
    }
}

int run(int argc, const char** argv, const Streams& streams, const Opener& open) {
    if (!may_administer())
        return report(failure_of(Verb::help, {Errc::permission, ""}), streams);
    const auto command = parse(argc, argv);
    if (!command)
        return report(command.error(), streams);
    if (command->verb == Verb::help || command->verb == Verb::version) {
        fmt::print(streams.out, "{}", command->verb == Verb::help ? help_text(argv[0]) : version_text());
        return exit_ok;
    }
    const auto opened = open(access_of(*command));
    if (!opened)
        return report(failure_of(command->verb, opened.error()), streams);
    Director& director = (*opened)->director();
    if (command->verb == Verb::restore || command->verb == Verb::replace)
        return restore(argv[0], *command, director, streams);
    if (command->verb == Verb::ipvs_restore)
        return restore_line_by_line(argv[0], director, streams);
    return execute(*command, director, streams);
}

} // namespace bpvs::cli
