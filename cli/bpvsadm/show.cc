// -L and -S: what is read, what of it is shown, in which form.
#include "cli/bpvsadm/execute.hh"
#include "cli/bpvsadm/json.hh"
#include "cli/bpvsadm/list.hh"

#include <unistd.h>

namespace bpvs::cli {
namespace {

Result<std::vector<ServiceView>> listed(const Command& c, Director& director) {
    Result<std::vector<ServiceView>> services;
    if (c.has(Opt::service)) {
        auto one = director.find(c.service.name);
        if (!one)
            return std::unexpected(one.error());
        services->push_back(std::move(*one));
    } else {
        services = director.list();
    }
    if (services && !c.has(Opt::nosort))
        sort_services(*services);
    if (services)
        c.filter.apply(*services);
    return services;
}

/// A person who waited is told why; what a program reads is as ipvsadm prints it.
void explain_numbers(const Names& names, Output& out, const Streams& streams) {
    out.finish();
    if (names.unanswered() == 0 || isatty(fileno(streams.err)) == 0)
        return;
    fmt::print(streams.err,
               "bpvsadm: {} names were not known within {} seconds and are shown as numbers; -n asks for none.\n",
               names.unanswered(), std::chrono::duration_cast<std::chrono::seconds>(listing_patience).count());
}

/// As they are found, since there may be millions; no connection is kept.
template <class Put>
void walk(const Command& c, Director& director, Output& out, Put put) {
    director.each_connection([&](const ConnectionView& connection) {
        if (!c.filter.wants(connection))
            return true;
        put(connection);
        return out.drain();
    });
}

void show_connections(const Command& c, Director& director, const Streams& streams) {
    Output out(streams.out);
    if (c.has(Opt::json)) {
        ConnectionsJson json(out.buffer());
        walk(c, director, out, [&](const ConnectionView& connection) { json.put(connection); });
        json.end();
        return;
    }
    put_connections_header(out.buffer(), c);
    if (c.has(Opt::numeric)) {
        walk(c, director, out, [&](const ConnectionView& connection) { put_connection(out.buffer(), connection, {}); });
        return;
    }
    std::vector<ConnectionView> all; // names are asked for all at once
    walk(c, director, out, [&](const ConnectionView& connection) { all.push_back(connection); });
    const Names names = Names::of(all);
    for (const ConnectionView& connection : all) {
        put_connection(out.buffer(), connection, names);
        if (!out.drain())
            return;
    }
    explain_numbers(names, out, streams);
}

} // namespace

int show(const Command& c, Director& director, const Streams& streams) {
    const bool json = c.has(Opt::json);
    if (c.has(Opt::daemon)) { // none can be running
        fmt::print(streams.out, "{}", json ? daemons_json() : "");
    } else if (c.has(Opt::timeout)) {
        const Timeouts timeouts = director.timeouts();
        fmt::print(streams.out, "{}", json ? timeouts_json(timeouts) : timeouts_text(timeouts));
    } else if (c.has(Opt::connection)) {
        show_connections(c, director, streams);
    } else {
        const auto services = listed(c, director);
        if (!services)
            return report(failure_of(c.verb, services.error()), streams);
        Output out(streams.out);
        if (json) {
            put_services_json(out, *services);
            return exit_ok;
        }
        const Names names = names_for(c, *services);
        if (c.verb == Verb::save)
            put_save(out, *services, names);
        else
            put_services(out, c, *services, names);
        explain_numbers(names, out, streams);
    }
    return exit_ok;
}

} // namespace bpvs::cli
