#include "control/open.hh"

#include "control/kernel/attached.hh"
#include "control/kernel/interfaces.hh"
#include "control/kernel/kernel_store.hh"
#include "control/kernel/loader.hh"
#include "control/kernel/memory.hh"
#include "control/kernel/mode.hh"
#include "control/kernel/routes.hh"
#include "control/kernel/site.hh"
#include "control/publish.hh"
#include "core/model/timeouts.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <tuple>

namespace bpvs {

namespace {

using namespace kernel;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
template <class T>
using Zeroed = std::unique_ptr<T[], Free>;

/// Elements that are zero, without touching them: most commands look at none of them.
template <class T>
Zeroed<T> zeroed(std::size_t count) {
    Zeroed<T> all(static_cast<T*>(std::calloc(count, sizeof(T))));
    if (!all)
        throw std::bad_alloc();
    return all;
}

/// A director that is not up looks like one without services, with room for what may be tried out on it.
class EmptyStore final : public Store {
public:
    EmptyStore() {
        default_values(config_);
        config_.max_dests = most_dests;
        config_.max_services = most_services;
        config_.max_words = 1u << 30; // a trial is never written
    }
    Config& config() override { return config_; }
    Table& table() override { return table_; }
    std::span<Dest> dests() override { return {dests_.get(), most_dests}; }
    std::span<Cursor> cursors() override { return {cursors_.get(), most_services}; }
    std::span<u32> words(u32, u32) override { return {}; }
    std::span<Conn> conns() override { return {}; }
    std::span<const Rates> rates() override { return {}; }
    std::span<const Counters> zeros() override { return {}; }
    void put_rates(u32, const Rates&) override {}
    void put_zero(u32, const Counters&) override {}
    Result<std::vector<std::pair<ServiceKey, Service>>> services() override { return {}; }
    Result<void> put_service(const ServiceKey&, const Service&) override { return not_up(); }
    Result<void> erase_service(const ServiceKey&) override { return not_up(); }
    Result<std::vector<ServerKey>> servers() override { return {}; }
    Result<void> put_server(const ServerKey&) override { return not_up(); }
    Result<void> erase_server(const ServerKey&) override { return not_up(); }
    std::span<MarkRule> mark_rules() override { return {}; }
    std::span<MarkPorts> mark_ports() override { return {}; }
    Result<std::vector<MarkPrefix>> mark_prefixes() override { return {}; }
    Result<void> put_mark_prefix(const MarkPrefix&, const MarkRange&) override { return not_up(); }
    Result<void> erase_mark_prefix(const MarkPrefix&) override { return not_up(); }
    Result<std::vector<Counters>> counters(u32, u32 count) override { return std::vector<Counters>(count); }
    Result<std::vector<u64>> reasons() override { return std::vector<u64>(static_cast<std::size_t>(Reason::count)); }
    u64 now() override { return 0; }
    void settle() override {}

private:
    static std::unexpected<Error> not_up() {
        return fail(Errc::system, "no director is up in this network namespace; run `bpvs up`");
    }
    Config config_{};
    Table table_{};
    static constexpr u32 most_dests = 1u << 18;
    static constexpr u32 most_services = 1u << 15;
    Zeroed<Dest> dests_ = zeroed<Dest>(most_dests); ///< of no service: --dry-run takes some
    Zeroed<Cursor> cursors_ = zeroed<Cursor>(most_services);
};

/// Directors whose namespace is gone still hold memory and timers: their pins go.
void remove_orphans(const Site& site) {
    for (const u64 cookie : site.place.cookies()) {
        if (cookie == site.cookie || namespace_alive(site.place.path(cookie)))
            continue;
        if (const auto lock = site.place.try_lock(cookie); lock && !namespace_alive(site.place.path(cookie))) {
            XdpHook(site.place.path(cookie), Place::shared()).forget();
            site.place.remove(cookie);
            site.place.remove_lock(cookie);
        }
    }
}

void take_down(const Site& site) {
    AttachedInterfaces attached(site.directory());
    XdpHook xdp = xdp_of(site);
    for (const u32 ifindex : attached.all()) {
        xdp.detach(ifindex);
        attached.detach(ifindex);
    }
    xdp.clean();
    site.place.remove(site.cookie);
}

Sizes sizes_of(const UpOptions& o) {
    const Sizes usual = default_sizes();
    return {.connections = o.connections != 0 ? o.connections : usual.connections,
            .services = o.services != 0 ? o.services : usual.services,
            .servers = o.servers != 0 ? o.servers : usual.servers};
}

Result<std::unique_ptr<KernelStore>> bring_up(const Site& site, const UpOptions& options) {
    auto chosen = chosen_interfaces(options.interfaces);
    if (!chosen)
        return std::unexpected(chosen.error());
    take_down(site); // what an interrupted attempt left
    if (auto made = site.place.make(site.cookie); !made)
        return std::unexpected(made.error());
    const auto build = [&]() -> Result<std::unique_ptr<KernelStore>> {
        auto programs = load(site.directory(), sizes_of(options));
        if (!programs)
            return std::unexpected(programs.error());
        AttachedInterfaces attached(site.directory());
        for (const Interface& i : *chosen) {
            if (auto ok = attached.attach(i, *programs, TcPlace::tc); !ok)
                return std::unexpected(ok.error());
        }
        const Fd config(bpf_obj_get((site.directory() + "/config").c_str()));
        Config c{};
        const u32 key = 0;
        if (bpf_map_lookup_elem(config.get(), &key, &c) != 0)
            return fail(Errc::system, fmt::format("cannot read the configuration: {}", std::strerror(errno)));
        finish(c);
        if (bpf_map_update_elem(config.get(), &key, &c, BPF_ANY) != 0)
            return fail(Errc::system, fmt::format("cannot write the configuration: {}", std::strerror(errno)));
        return KernelStore::open(site.directory());
    };
    auto store = build();
    if (!store) {
        take_down(site);
        site.place.remove_lock(site.cookie);
    }
    return store;
}

class KernelDirector final : public OpenDirector {
public:
    KernelDirector(Site site, std::unique_ptr<KernelStore> store)
        : site_(std::move(site)), store_(std::move(store)), empty_(store_ ? nullptr : std::make_unique<EmptyStore>()),
          director_(this->store(), [this](const Address& a) { return routes_.is_unicast(a); }) {}

    bool is_up() const override { return store_ != nullptr; }
    Store& store() override { return store_ ? static_cast<Store&>(*store_) : *empty_; }
    Director& director() override { return director_; }

private:
    Site site_;
    std::unique_ptr<KernelStore> store_;
    std::unique_ptr<EmptyStore> empty_; ///< without a director
    Routes routes_;
    Director director_;
};

} // namespace

Result<std::unique_ptr<OpenDirector>> open_director(Access access, const UpOptions& options) {
    auto site = open_site(access == Access::create, access != Access::read);
    if (!site)
        return std::unexpected(site.error());
    auto store = find_store(*site);
    if (!store)
        return std::unexpected(store.error());
    if (access == Access::create && !*store) {
        remove_orphans(*site);
        auto up = bring_up(*site, options);
        if (!up)
            return std::unexpected(up.error());
        *store = std::move(*up);
    }
    const bool up = *store != nullptr;
    if (up && access == Access::create && newer_than((*store)->config())) {
        if (auto done = upgrade_in_place(*site, **store); !done)
            return std::unexpected(done.error());
    }
    auto opened = std::make_unique<KernelDirector>(std::move(*site), std::move(*store));
    if (up && access != Access::read) {
        if (auto recovered = opened->director().recover(); !recovered)
            return std::unexpected(recovered.error());
    }
    return opened;
}

Result<void> director_up(const UpOptions& options) {
    auto opened = open_director(Access::create, options);
    if (!opened)
        return std::unexpected(opened.error());
    const Config& config = (*opened)->store().config();
    for (const auto& [wanted, room, what] : {std::tuple{options.connections, config.connections, "connections"},
                                             std::tuple{options.services, config.max_services, "services"},
                                             std::tuple{options.servers, config.max_dests, "servers"}})
        if (wanted != 0 && wanted != room)
            return fail(Errc::system, fmt::format("cannot make room for {} {}: the director is up with room for {}; "
                                                  "run `bpvs down` first, which ends all connections",
                                                  wanted, what, room));
    for (const std::string& name : options.interfaces) {
        opened->reset(); // attaching takes the lock itself
        if (auto ok = director_attach(name, AttachMode::tc); !ok)
            return std::unexpected(ok.error());
    }
    return {};
}

Result<void> director_down() {
    auto site = open_site(false, true);
    if (!site)
        return std::unexpected(site.error());
    if (!site->place.exists())
        return {};
    if (site->place.has(site->cookie)) {
        take_down(*site);
        site->place.remove_lock(site->cookie);
    }
    remove_orphans(*site);
    return {};
}

Result<DirectorStatus> director_status() {
    auto site = open_site(false, false);
    if (!site)
        return std::unexpected(site.error());
    auto store = find_store(*site);
    if (!store)
        return std::unexpected(store.error());
    DirectorStatus s;
    s.cookie = site->cookie;
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    const XdpHook xdp(*store ? site->directory() : "", Place::shared());
    s.xdp = xdp.counts();
    const auto features = s.xdp ? xdp_features() : std::map<u32, u64>{};
    for (const Interface& i : *all) {
        const TcPlace place = *store ? place_at_tc(i.ifindex) : TcPlace::none;
        const bool attached = place != TcPlace::none;
        const bool at_xdp = attached && xdp.attached(i.ifindex);
        std::string why = attached ? "" : unsuitable(i);
        if (!attached && why.empty())
            why = *store ? fmt::format("not asked for: bpvs attach {}", i.name) : "no director is up";
        const auto port = xdp.port(i.ifindex);
        s.interfaces.push_back({i.name, i.ifindex,
                                at_xdp                  ? "xdp"
                                : place == TcPlace::tcx ? "tcx"
                                : attached              ? "tc"
                                                        : "",
                                std::move(why),
                                port && port->flags & port_sends ? why_lost(i, device_of(i, features), at_xdp) : ""});
    }
    if (!*store)
        return s;
    KernelStore& k = **store;
    const Config& c = k.config();
    s.up = true;
    s.version = version_text(c.version);
    s.pin_path = Place::shown_path(site->cookie);
    s.connections_live = k.table().live;
    s.connections_held = k.table().held;
    s.connections_max = c.connections;
    s.services_max = c.max_services;
    s.servers_max = c.max_dests;
    s.memory = memory_of_tables(site->directory());
    auto services = k.services();
    auto reasons = k.reasons();
    if (!services || !reasons)
        return std::unexpected(services ? reasons.error() : services.error());
    s.services = static_cast<u32>(services->size());
    for (u32 i = 0; i < reasons->size(); i++)
        s.reasons.emplace_back(static_cast<Reason>(i), (*reasons)[i]);
    return s;
}

const char* bpvs_version() { return BPVS_VERSION; }

} // namespace bpvs
