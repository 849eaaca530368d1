#include "control/open.hh"

#include "control/kernel/attached.hh"
#include "control/kernel/interfaces.hh"
#include "control/kernel/kernel_store.hh"
#include "control/kernel/loader.hh"
#include "control/kernel/memory.hh"
#include "control/kernel/mode.hh"
#include "control/kernel/place.hh"
#include "control/kernel/routes.hh"
#include "control/kernel/tcx.hh"
#include "control/kernel/xdp.hh"
#include "control/publish.hh"
#include "core/model/timeouts.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/capability.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <tuple>

namespace bpvs {

namespace {

using namespace kernel;

struct FreeCap {
    void operator()(cap_t c) const { cap_free(c); }
};

/// permission: not root. no_bpf: root, but without what BPF needs.
Result<void> check_privilege() {
    const std::array<std::pair<cap_value_t, const char*>, 3> needed = {
        {{CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, {CAP_BPF, "CAP_BPF"}}};
    const std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCap> caps(cap_get_proc());
    std::string missing;
    for (const auto& [capability, name] : needed) {
        cap_flag_value_t value = CAP_CLEAR;
        if (!caps || cap_get_flag(caps.get(), capability, CAP_EFFECTIVE, &value) != 0 || value != CAP_SET)
            missing += (missing.empty() ? "" : ", ") + std::string(name);
    }
    if (missing.empty())
        return {};
    if (geteuid() != 0)
        return fail(Errc::permission, fmt::format("a director needs {}: run this as root", missing));
    return fail(Errc::no_bpf,
                fmt::format("a director needs {}, which this root does not have: give it to the container, "
                            "service or shell that runs this",
                            missing));
}

/// A director that is not up looks like one without services, with room for what may be tried out on it.
class EmptyStore final : public Store {
public:
    EmptyStore() {
        default_values(config_);
        config_.max_dests = static_cast<u32>(dests_.size());
        config_.max_services = static_cast<u32>(cursors_.size());
        config_.max_words = 1u << 30; // a trial is never written
    }
    Config& config() override { return config_; }
    Table& table() override { return table_; }
    std::span<Dest> dests() override { return dests_; }
    std::span<Cursor> cursors() override { return cursors_; }
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
    std::vector<Dest> dests_ = std::vector<Dest>(1u << 18); ///< of no service: --dry-run takes some
    std::vector<Cursor> cursors_ = std::vector<Cursor>(1u << 15);
};

/// One command's hold on the place of the current namespace's director.
struct Site {
    Place place;
    u64 cookie;
    Fd lock; ///< closed: unlocked

    std::string directory() const { return place.path(cookie); }
};

Result<Site> open_site(bool create, bool locked) {
    if (auto ok = check_privilege(); !ok)
        return std::unexpected(ok.error());
    auto cookie = netns_cookie();
    if (!cookie)
        return std::unexpected(cookie.error());
    auto place = Place::open(create);
    if (!place)
        return std::unexpected(place.error());
    Site site{std::move(*place), *cookie, Fd()};
    if (locked && (create || site.place.has(site.cookie))) { // a director that is not there needs no lock
        auto lock = site.place.lock(site.cookie);
        if (!lock)
            return std::unexpected(lock.error());
        site.lock = std::move(*lock);
        if (!create && !site.place.has(site.cookie)) // it was taken down while we waited
            site.place.remove_lock(site.cookie);
    }
    return site;
}

XdpHook xdp_of(const Site& site) { return {site.directory(), Place::shared()}; }

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

/// The first field of any version's Config, however large that is; nothing: it cannot be read.
std::optional<u32> layout_of(int config) {
    bpf_map_info info{};
    u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(config, &info, &size) != 0 || info.value_size < sizeof(u32))
        return std::nullopt;
    const u32 key = 0;
    std::vector<u32> words(info.value_size / sizeof(u32) + 1);
    return bpf_map_lookup_elem(config, &key, words.data()) == 0 ? std::optional(words.front()) : std::nullopt;
}

/// The store of the director, or null when no complete one is there.
Result<std::unique_ptr<KernelStore>> find_store(const Site& site) {
    if (!site.place.has(site.cookie))
        return nullptr;
    const Fd config(bpf_obj_get((site.directory() + "/config").c_str()));
    if ((!config && errno == ENOENT) || (config && layout_of(config.get()) == 0))
        return nullptr; // being brought up, or that was interrupted
    if (!config)
        return fail(Errc::no_bpf,
                    fmt::format("cannot open the tables of the director in {}: {}; allow bpf() where this runs",
                                Place::shown_path(site.cookie), std::strerror(errno)));
    return KernelStore::open(site.directory());
}

Result<std::vector<Interface>> chosen_interfaces(const std::vector<std::string>& names) {
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    std::vector<Interface> chosen;
    if (names.empty()) {
        std::ranges::copy_if(*all, std::back_inserter(chosen),
                             [](const Interface& i) { return unsuitable(i).empty(); });
        return chosen;
    }
    for (const std::string& name : names) {
        auto i = interface_by_name(name);
        if (!i)
            return std::unexpected(i.error());
        if (const std::string why = unsuitable(*i); !why.empty())
            return fail(Errc::no_interface, fmt::format("cannot attach to {}: {}", name, why));
        chosen.push_back(*i);
    }
    return chosen;
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

std::string version_text(u32 version) {
    return fmt::format("{}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff);
}

/// Why this binary's XDP program may not stand before the director's at tc; empty: it may.
std::string too_old_for(const Config& loaded) {
    return object_version() >= loaded.version
               ? ""
               : fmt::format("the director is of bpvs {}, and this is the older {}", version_text(loaded.version),
                             version_text(object_version()));
}

bool newer_than(const Config& loaded) {
    return object_version() > loaded.version || (object_version() == loaded.version && object_build() != loaded.build);
}

Result<void> upgrade_in_place(const Site& site, KernelStore& store) {
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    AttachedInterfaces attached(site.directory());
    const std::vector<u32> ours = attached.all();
    auto done = upgrade(site.directory(), [&](const Programs& p) -> Result<void> {
        for (const Interface& i : *all) {
            if (std::ranges::find(ours, i.ifindex) == ours.end())
                continue;
            if (auto ok = attached.renew(i, p); !ok)
                return ok;
        }
        return xdp_of(site).upgrade();
    });
    if (!done)
        return done;
    publish::dirty(store, true); // what is derived from the services may mean something else now: recover() follows
    finish(store.config());
    return {};
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

namespace {

/// Takes the XDP program to the interface, or away from it; tc stays.
Result<void> stand_at_xdp(XdpHook& xdp, const Interface& i, bool wanted) {
    if (wanted)
        return xdp.attach(i);
    if (xdp.attached(i.ifindex))
        xdp.detach(i.ifindex);
    return {};
}

/// Where at tc, when nobody says: at tcx if nobody notices, which `choice` then tells.
Result<TcPlace> choose_place(const Interface& i, AttachMode mode, Choice& choice, const Config& config) {
    if (mode == AttachMode::tc || choice.xdp)
        return TcPlace::tc;
    std::string why = why_not_tcx(i.ifindex, mode == AttachMode::automatic && (config.offered.kinds & mark_kind) != 0);
    if (mode == AttachMode::tcx && !has_tcx(i.ifindex))
        return fail(Errc::no_interface, fmt::format("cannot attach to {} at tcx: {}; use --mode tc", i.name, why));
    if (mode == AttachMode::tcx)
        return TcPlace::tcx;
    choice.why += fmt::format("; {}", why.empty() ? "nobody has filters at tc" : "not at tcx: " + why);
    return why.empty() ? TcPlace::tcx : TcPlace::tc;
}

/// What a user should know about an interface with XDP.
void add_remarks(std::vector<std::string>& said, const std::vector<Interface>& all, const Interface& here,
                 const XdpHook& xdp) {
    const auto features = xdp_features();
    for (const Interface& i : all) {
        if (i.loopback || !i.ethernet || !i.up)
            continue;
        const Device d = device_of(i, features);
        const std::string lost = why_lost(i, d, xdp.attached(i.ifindex));
        if (!lost.empty() && (i.ifindex != here.ifindex || d.driver == "veth"))
            said.push_back(fmt::format("packets that leave through {} are left to tc: {}", i.name, lost));
    }
    if (device_of(here, features).driver == "veth")
        said.emplace_back(
            "frames whose checksums its peer leaves to the device are left to tc: on the peer, ethtool -K "
            "tx off");
}

} // namespace

Result<std::vector<std::string>> director_attach(const std::string& interface, AttachMode mode) {
    auto site = open_site(false, true);
    if (!site)
        return std::unexpected(site.error());
    auto store = find_store(*site);
    if (!store)
        return std::unexpected(store.error());
    if (!*store)
        return fail(Errc::system, "no director is up in this network namespace; run `bpvs up`");
    auto chosen = chosen_interfaces({interface});
    if (!chosen)
        return std::unexpected(chosen.error());
    // The program at XDP must be of one build with those at tc.
    if (newer_than((*store)->config())) {
        if (auto done = upgrade_in_place(*site, **store); !done)
            return std::unexpected(done.error());
    }
    if (auto done = Director(**store).recover(); !done)
        return std::unexpected(done.error());
    auto programs = pinned_programs(site->directory());
    if (!programs)
        return std::unexpected(programs.error());
    const Interface& i = chosen->front();
    const Device device = device_of(i, xdp_features());
    XdpHook xdp = xdp_of(*site);
    const std::string too_old = xdp.attached(i.ifindex) ? "" : too_old_for((*store)->config());
    if (const std::string why = too_old.empty() ? why_not_xdp(i, device) : too_old;
        mode == AttachMode::xdp && !why.empty())
        return fail(Errc::no_interface, fmt::format("cannot attach to {} at XDP: {}; use --mode tc", interface, why));
    Choice choice = choose_mode(i, device);
    if (mode != AttachMode::automatic)
        choice = {mode == AttachMode::xdp, "as asked for"};
    else if (choice.xdp && !too_old.empty())
        choice = {false, too_old};

    AttachedInterfaces attached(site->directory());
    const TcPlace before = place_at_tc(i.ifindex);
    auto place = choose_place(i, mode, choice, (*store)->config());
    if (!place)
        return std::unexpected(place.error());
    if (auto ok = attached.attach(i, *programs, *place); !ok)
        return std::unexpected(ok.error());
    auto stands = stand_at_xdp(xdp, i, choice.xdp);
    if (!stands && mode == AttachMode::automatic)
        choice = {false, stands.error().message};
    else if (!stands && before == TcPlace::none)
        attached.detach(i.ifindex);
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    xdp.publish_ports(*all);
    if (!stands && mode != AttachMode::automatic)
        return std::unexpected(stands.error());
    std::vector<std::string> said{fmt::format("{}: at {}: {} ({})", i.name,
                                              choice.xdp               ? "XDP, in front of tc"
                                              : *place == TcPlace::tcx ? "tcx"
                                                                       : "tc",
                                              choice.why, description(i, device))};
    if (choice.xdp) {
        said.push_back(xdp.company(i.ifindex));
        add_remarks(said, *all, i, xdp);
    }
    return said;
}

Result<void> director_detach(const std::string& interface) {
    auto site = open_site(false, true);
    if (!site)
        return std::unexpected(site.error());
    auto i = interface_by_name(interface);
    if (!i)
        return std::unexpected(i.error());
    if (!site->place.has(site->cookie) || place_at_tc(i->ifindex) == TcPlace::none)
        return fail(Errc::no_interface, fmt::format("the director is not attached to {}", interface));
    XdpHook xdp = xdp_of(*site);
    xdp.detach(i->ifindex);
    AttachedInterfaces(site->directory()).detach(i->ifindex);
    auto all = interfaces();
    if (!all)
        return std::unexpected(all.error());
    xdp.publish_ports(*all);
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
