#include "control/kernel/site.hh"

#include "control/kernel/attached.hh"
#include "control/kernel/loader.hh"
#include "control/kernel/memory.hh"
#include "control/publish.hh"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/capability.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace bpvs::kernel {

namespace {

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
} // namespace

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

std::string version_text(u32 version) {
    return fmt::format("{}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff);
}

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

} // namespace bpvs::kernel
