#include "cli/bpvsadm/execute.hh"

#include "cli/bpvsadm/list.hh"
#include "cli/bpvsadm/parse.hh"
#include "cli/bpvsadm/privilege.hh"

#include <fmt/format.h>
#include <net/if.h>

namespace bpvs::cli {
namespace {

Result<void> change(const Command& c, Director& director) {
    const ServiceName& name = c.service.name;
    switch (c.verb) {
    case Verb::add_service:
        return director.add_service(c.service);
    case Verb::edit_service:
        return director.edit_service(c.service);
    case Verb::delete_service:
        return director.delete_service(name);
    case Verb::flush:
        return director.flush();
    case Verb::add_server:
        return director.add_server(name, c.server);
    case Verb::edit_server:
        return director.edit_server(name, c.server);
    case Verb::delete_server:
        return director.delete_server(name, c.server.family, c.server.addr, c.server.port);
    case Verb::zero:
        return director.zero(c.has(Opt::service) ? std::optional(name) : std::nullopt);
    default:
        return director.set_timeouts(c.timeouts);
    }
}

int start_daemon(const Command& c, const Streams& streams) {
    if (if_nametoindex(c.daemon.interface.c_str()) == 0 && !c.daemon.interface.empty())
        return report({exit_refused, "No such device"}, streams);
    return report({exit_refused, "bpvsadm: Cannot start a synchronisation daemon: this version does not synchronise "
                                 "connections with another director; leave --start-daemon out."},
                  streams);
}

Access access_of(Verb verb) {
    switch (verb) {
    case Verb::list:
    case Verb::save:
    case Verb::start_daemon:
    case Verb::stop_daemon:
        return Access::read;
    case Verb::add_service:
    case Verb::restore:
    case Verb::set:
        return Access::create;
    default:
        return Access::change;
    }
}

} // namespace

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
    const auto opened = open(access_of(command->verb));
    if (!opened)
        return report(failure_of(command->verb, opened.error()), streams);
    Director& director = (*opened)->director();
    if (command->verb == Verb::restore)
        return restore(argv[0], director, streams);
    return execute(*command, director, streams);
}

} // namespace bpvs::cli
