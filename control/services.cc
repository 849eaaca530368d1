// Adding, editing and deleting services. The order of checks is IPVS's: a service that exists is reported
// before a scheduler that does not.
#include "control/director_parts.hh"

namespace bpvs {
namespace {

/// The settings of -A and -E, checked.
struct Settings {
    Scheduler scheduler;
    Engine engine;
};

Result<Settings> check_spec(const ServiceSpec& spec, const CarriedOut& carried_out, const std::string& what) {
    const auto scheduler = scheduler_by_name(spec.scheduler);
    if (!scheduler)
        return fail(Errc::unknown_scheduler,
                    fmt::format("{}: there is no scheduler \"{}\" in IPVS.", what, spec.scheduler));
    const auto engine = engine_by_name(spec.pe);
    if (!engine)
        return fail(Errc::unknown_scheduler,
                    fmt::format("{}: there is no persistence engine \"{}\" in IPVS.", what, spec.pe));
    if (auto ok = carried_out.check_service(spec, *scheduler, what); !ok)
        return std::unexpected(ok.error());
    return Settings{*scheduler, *engine};
}

/// `service` with everything that -A and -E set but the scheduler, whose table goes with it.
Service with_settings(Service service, const ServiceSpec& spec, Engine engine) {
    service.flags = spec.one_packet ? service_one_packet : 0;
    service.engine = engine;
    service.sched_flags = spec.sched_flags;
    service.persistence = spec.persistence;
    service.netmask = spec.netmask;
    return service;
}

} // namespace

Result<void> Director::add_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot add the service {}", to_text(spec.name));
    if (auto ok = carried_out_.check_name(spec.name, what); !ok)
        return ok;
    auto book = ledger();
    if (!book)
        return std::unexpected(book.error());
    const ServiceKey key = (*book)->key(spec.name);
    if ((*book)->find(key))
        return fail(Errc::service_exists, fmt::format("{}: it exists already; edit or delete it.", what));
    const auto settings = check_spec(spec, carried_out_, what);
    if (!settings)
        return std::unexpected(settings.error());
    const Scheduler scheduler = settings->scheduler;

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
    const auto service = with_set(with_settings({.id = *id, .scheduler = scheduler}, spec, settings->engine), {},
                                  rotation_kind(scheduler).begin({}), picks_of(store_, *id));
    if (!service)
        return abandon(service.error());
    return commit(key, *service, no_id, no_id);
}

Result<void> Director::edit_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot edit the service {}", to_text(spec.name));
    auto found = find_for_change(spec.name, what);
    if (!found)
        return std::unexpected(found.error());
    const auto settings = check_spec(spec, carried_out_, what);
    if (!settings)
        return std::unexpected(settings.error());
    const Scheduler scheduler = settings->scheduler;

    Service service = with_settings(found->service, spec, settings->engine);
    if (service.scheduler != scheduler) {
        service.scheduler = scheduler;
        const auto rebuilt =
            with_set(service, found->entries, rotation_kind(scheduler).begin(found->entries), found->picks);
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
        publish::in_force(store_, InForce{.generation = found->key.generation, .enabled = 0});
    publish::dirty(store_, false);

    found->ledger->erased(found->key);
    for (const SetEntry& e : found->entries)
        found->ledger->unlisted(e.dest);
    return {};
}

/// The flip of the generation is the change; what remains to be done is what recover() does.
Result<void> Director::flush() {
    publish::dirty(store_, true);
    publish::in_force(store_, InForce{.generation = store_.config().in_force.generation + 1, .enabled = 0});
    return recover();
}

} // namespace bpvs
