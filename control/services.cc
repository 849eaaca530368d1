// Adding, editing and deleting services. The order of checks is IPVS's: a service that exists is reported
// before a scheduler that does not.
#include "control/director_parts.hh"
#include "control/draft.hh"

namespace bpvs {
namespace {

/// The settings of -A and -E, checked.
struct CheckedSpec {
    Scheduler scheduler;
    Engine engine;
};

Result<CheckedSpec> check_spec(const ServiceSpec& spec, const CarriedOut& carried_out, const std::string& what) {
    const auto scheduler = scheduler_by_name(spec.scheduler);
    if (!scheduler)
        return fail(Errc::unknown_scheduler,
                    fmt::format("{}: there is no scheduler \"{}\" in IPVS.", what, spec.scheduler));
    const auto engine = engine_by_name(spec.pe);
    if (!engine)
        return fail(Errc::unknown_scheduler,
                    fmt::format("{}: there is no persistence engine \"{}\" in IPVS.", what, spec.pe));
    if (auto ok = carried_out.check_service(spec, what); !ok)
        return std::unexpected(ok.error());
    return CheckedSpec{*scheduler, *engine};
}

/// `service` with everything that -A and -E set but the scheduler, whose table goes with it.
Service with_settings(Service service, const ServiceSpec& spec, Engine engine) {
    service.flags =
        static_cast<u8>((spec.one_packet ? service_one_packet : 0) | (spec.idle_reset ? service_idle_reset : 0));
    service.engine = engine;
    service.sched_flags = spec.sched_flags;
    service.persistence = spec.persistence;
    service.netmask = spec.netmask;
    service.drain = spec.drain;
    return service;
}

} // namespace

Result<void> Draft::add_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot add the service {}", to_text(spec.name));
    const ServiceKey key = ledger_.key(spec.name);
    const auto touched = touched_.find(key);
    if (touched == touched_.end() ? !flushed_ && ledger_.find(key) != nullptr : touched->second.there)
        return fail(Errc::service_exists, fmt::format("{}: it exists already; edit or delete it.", what));
    const auto settings = check_spec(spec, carried_out_, what);
    if (!settings)
        return std::unexpected(settings.error());

    const auto place = touch(key);
    if (!place)
        return std::unexpected(place.error());
    DraftService& s = **place;
    if (s.service.id == no_id) { // one that the draft deleted keeps its id, so that packets find its servers joined
        taken_ = true;
        const auto id = ledger_.take_service_id();
        if (!id)
            return std::unexpected(id.error());
        s.service.id = *id;
        s.picks = picks_of(store_, *id);
    }
    s.service = with_settings(
        {.id = s.service.id, .scheduler = settings->scheduler, .fwmark = spec.name.fwmark, .vport = spec.name.vport},
        spec, settings->engine);
    s.turn = rotation_kind(settings->scheduler).begin({});
    s.there = s.changed = s.anew = s.rebuild = true;
    ++count_;
    return {};
}

Result<void> Draft::edit_service(const ServiceSpec& spec) {
    const std::string what = fmt::format("Cannot edit the service {}", to_text(spec.name));
    const auto found = existing(spec.name, what);
    if (!found)
        return std::unexpected(found.error());
    const auto settings = check_spec(spec, carried_out_, what);
    if (!settings)
        return std::unexpected(settings.error());

    DraftService& s = **found;
    s.service = with_settings(s.service, spec, settings->engine);
    s.changed = true;
    if (s.service.scheduler != settings->scheduler) {
        s.service.scheduler = settings->scheduler;
        s.turn = rotation_kind(settings->scheduler).begin(s.entries);
        s.rebuild = true;
    }
    return {};
}

Result<void> Draft::delete_service(const ServiceName& name) {
    const auto found = existing(name, fmt::format("Cannot delete the service {}", to_text(name)));
    if (!found)
        return std::unexpected(found.error());
    remove(**found);
    --count_;
    return {};
}

Result<void> Draft::flush() {
    for (auto& [key, s] : touched_)
        if (s.there)
            remove(s);
    flushed_ = true;
    count_ = 0;
    return {};
}

/// The service is gone from the draft; its records are kept in mind for servers that come back.
void Draft::remove(DraftService& s) {
    for (const SetEntry& e : s.entries)
        s.gone.push_back(e.dest);
    s.entries.clear();
    s.servers.clear();
    s.there = false;
    s.changed = true;
}

} // namespace bpvs
