// Adding, editing and deleting services. The order of checks is IPVS's: a service that exists is reported
// before a scheduler that does not.
#include "control/director_parts.hh"

namespace bpvs {
namespace {

Result<void> check_name(const ServiceName& name, const std::string& what) {
    const auto refuse = [&](const char* why) { return fail(Errc::not_supported, fmt::format("{}: {}", what, why)); };
    if (name.fwmark != 0)
        return refuse("services by firewall mark are not carried out by this version; name an address and a port.");
    if (name.family != Family::v4)
        return refuse("IPv6 services are not carried out by this version; use an IPv4 address.");
    if (name.protocol != IpProto::tcp && name.protocol != IpProto::udp)
        return refuse("this version balances TCP and UDP only; use -t or -u.");
    if (from_be16(name.vport) == 0)
        return refuse("a service on all ports (port 0) is not carried out by this version; name a port.");
    return {};
}

Result<Scheduler> check_spec(const ServiceSpec& spec, const std::string& what) {
    const auto scheduler = scheduler_by_name(spec.scheduler);
    if (!scheduler && !scheduler_known(spec.scheduler))
        return fail(
            Errc::unknown_scheduler,
            fmt::format("{}: there is no scheduler \"{}\"; this version has rr and wrr.", what, spec.scheduler));
    if (!scheduler)
        return fail(Errc::not_supported, fmt::format("{}: the scheduler {} is not carried out by this version; use rr "
                                                     "or wrr (-s).",
                                                     what, spec.scheduler));
    const auto refuse = [&](const char* why) { return fail(Errc::not_supported, fmt::format("{}: {}", what, why)); };
    if (!spec.pe.empty())
        return refuse("persistence engines (--pe) are not carried out by this version; leave the option out.");
    if (spec.persistence != 0)
        return refuse("persistence (-p) is not carried out by this version; leave the option out.");
    if (spec.one_packet)
        return refuse("one-packet scheduling (-o) is not carried out by this version; leave the option out.");
    if (spec.sched_flags != 0)
        return refuse("scheduler flags (-b) are not carried out by this version; leave the option out.");
    return *scheduler;
}

} // namespace

Result<void> Director::add_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot add the service {}", to_text(spec.name));
    if (auto ok = check_name(spec.name, what); !ok)
        return ok;
    auto book = ledger();
    if (!book)
        return std::unexpected(book.error());
    const ServiceKey key = (*book)->key(spec.name);
    if ((*book)->find(key))
        return fail(Errc::service_exists, fmt::format("{}: it exists already; edit or delete it.", what));
    const auto scheduler = check_spec(spec, what);
    if (!scheduler)
        return std::unexpected(scheduler.error());

    const auto id = (*book)->take_service_id();
    if (!id)
        return abandon(id.error());
    if (auto cleared = publish::fresh_counters(store_, counter_of_service(store_, *id)); !cleared)
        return abandon(cleared.error());
    // Servers of a deleted service of this name come back with their connections, but count from zero.
    for (u32 dest : (*book)->removed_servers(key)) {
        auto counters = store_.counters(dest, 1);
        if (!counters)
            return abandon(counters.error());
        publish::zero(store_, dest, counters->front());
    }
    const auto service = with_set({.id = *id, .scheduler = *scheduler, .netmask = spec.netmask}, {},
                                  rotation_kind(*scheduler).begin({}), picks_of(store_, *id));
    if (!service)
        return abandon(service.error());
    return commit(key, *service, no_id, no_id);
}

Result<void> Director::edit_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot edit the service {}", to_text(spec.name));
    auto found = find_for_change(spec.name, what);
    if (!found)
        return std::unexpected(found.error());
    const auto scheduler = check_spec(spec, what);
    if (!scheduler)
        return std::unexpected(scheduler.error());

    Service service = found->service;
    service.netmask = spec.netmask;
    if (service.scheduler != *scheduler) {
        service.scheduler = *scheduler;
        const auto rebuilt =
            with_set(service, found->entries, rotation_kind(*scheduler).begin(found->entries), found->picks);
        if (!rebuilt)
            return abandon(rebuilt.error());
        service = *rebuilt;
    }
    return commit(found->key, service, no_id, no_id);
}

Result<void> Director::delete_service(const ServiceName& name) {
    auto found = find_for_change(name, fmt::format("Cannot delete the service {}", to_text(name)));
    if (!found)
        return std::unexpected(found.error());
    publish::dirty(store_, true);
    if (auto erased = store_.erase_service(found->key); !erased)
        return abandon(erased.error());
    for (const SetEntry& e : found->entries)
        publish::dest_service(store_, e.dest, no_id);
    if (found->ledger->services() == 1)
        publish::in_force(store_, {.generation = found->key.generation, .enabled = 0});
    publish::dirty(store_, false);

    found->ledger->erased(found->key);
    for (const SetEntry& e : found->entries)
        found->ledger->unlisted(e.dest);
    return {};
}

/// The flip of the generation is the change; what remains to be done is what recover() does.
Result<void> Director::flush() {
    publish::dirty(store_, true);
    publish::in_force(store_, {.generation = store_.config().in_force.generation + 1, .enabled = 0});
    return recover();
}

} // namespace bpvs
