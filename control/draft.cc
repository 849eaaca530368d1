#include "control/draft.hh"

#include "control/director.hh"
#include "control/director_parts.hh"
#include "control/views.hh"

#include <algorithm>

namespace bpvs {

Draft::Draft(Store& store, std::unique_ptr<Ledger>& ledger, const UnicastCheck& is_unicast,
             const CarriedOut& carried_out)
    : store_(store), owner_(ledger), ledger_(*ledger), is_unicast_(is_unicast), carried_out_(carried_out),
      count_(ledger->services().size()) {}

Draft::~Draft() {
    if (taken_)
        owner_.reset();
}

ServerName Draft::name_of(u32 dest) const {
    const auto it = fresh_.find(dest);
    const Dest& d = it == fresh_.end() ? store_.dests()[dest] : it->second;
    return {d.addr_family, d.addr, d.port};
}

/// The draft's view of a service, made from what is in force when it is needed first.
Result<DraftService*> Draft::touch(const ServiceKey& key) {
    if (const auto it = touched_.find(key); it != touched_.end())
        return &it->second;
    DraftService s;
    if (const Service* service = ledger_.find(key)) {
        auto entries = read_entries(store_, *service);
        if (!entries)
            return std::unexpected(entries.error());
        s.before = s.service = *service;
        s.before_entries = *entries;
        s.picks = picks_of(store_, service->id);
        s.there = !flushed_;
        for (const SetEntry& e : *entries)
            s.there ? s.servers.push_back(name_of(e.dest)) : s.gone.push_back(e.dest);
        if (s.there)
            s.entries = std::move(*entries);
        s.turn = rotation_kind(service->scheduler).now(*service, s.entries, s.picks);
    }
    return &touched_.emplace(key, std::move(s)).first->second;
}

Result<DraftService*> Draft::existing(const ServiceName& name, const std::string& what) {
    const ServiceKey key = ledger_.key(name);
    if (!touched_.contains(key) && (flushed_ || !ledger_.find(key))) // a wrong name leaves nothing behind
        return fail(Errc::no_service, fmt::format("{}: there is no service {}; add it first.", what, to_text(name)));
    auto s = touch(key);
    if (s && !(*s)->there)
        return fail(Errc::no_service, fmt::format("{}: there is no service {}; add it first.", what, to_text(name)));
    return s;
}

Result<void> Draft::zero(const std::optional<ServiceName>& service) {
    if (!service) {
        zero_all_ = true;
        return {};
    }
    const ServiceKey key = ledger_.key(*service);
    const auto it = touched_.find(key);
    const bool there = it == touched_.end() ? !flushed_ && ledger_.find(key) : it->second.there;
    if (!there)
        return fail(Errc::no_service, fmt::format("There is no service {}.", to_text(*service)));
    zeroed_.push_back(key);
    return {};
}

Result<void> Draft::set_timeouts(const Timeouts& t) {
    for (u32 seconds : {t.tcp, t.tcp_fin, t.udp})
        if (seconds > max_timeout)
            return fail(Errc::out_of_range, fmt::format("Cannot set a timeout of {} seconds: the longest is {} (31 "
                                                        "days).",
                                                        seconds, max_timeout));
    Timeouts& all = timeouts_ ? *timeouts_ : timeouts_.emplace(Timeouts{});
    const auto set = [](u32& to, u32 seconds) { to = seconds == 0 ? to : seconds; };
    set(all.tcp, t.tcp);
    set(all.tcp_fin, t.tcp_fin);
    set(all.udp, t.udp);
    return {};
}

Result<std::vector<ServiceView>> Draft::preview() const {
    std::vector<ServiceView> all;
    all.reserve(count_);
    const auto add = [&](const ServiceKey& key, const Service& service, Entries entries) {
        ServiceView& view = all.emplace_back(ServiceView{.spec = service_spec(key, service)});
        view.servers.reserve(entries.size());
        for (const SetEntry& e : entries) {
            const ServerName name = name_of(e.dest);
            view.servers.push_back({.spec = server_spec(name.family, name.addr, name.port, e)});
        }
    };
    for (const auto& [key, s] : touched_)
        if (s.there)
            add(key, s.service, s.entries);
    if (flushed_)
        return all;
    for (const auto& [key, service] : ledger_.services()) {
        if (touched_.contains(key))
            continue;
        const auto entries = read_entries(store_, service);
        if (!entries)
            return std::unexpected(entries.error());
        add(key, service, *entries);
    }
    return all;
}

} // namespace bpvs
