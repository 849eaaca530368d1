#include "control/kernel/xdp.hh"

#include "control/kernel/loader.hh"
#include "control/kernel/mode.hh"
#include "control/kernel/reasons.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <linux/if_link.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <numeric>

namespace bpvs::kernel {

namespace {

constexpr const char* program_name = "bpvs_xdp";
constexpr std::string_view link_prefix = "xdp_link_";

std::unexpected<Error> refused(const Interface& i, int error) {
    if (const u32 other = standing_program(i.ifindex); other != 0 && (error == EBUSY || error == EEXIST))
        return fail(Errc::system,
                    fmt::format("cannot attach to {} at XDP: program {} is there already (bpftool prog show id {}); "
                                "take it off, or use --mode tc",
                                i.name, other, other));
    return fail(error == EPERM ? Errc::permission : Errc::system,
                fmt::format("cannot attach to {} at XDP: its driver refuses it: {}; use --mode tc", i.name,
                            std::strerror(error)));
}

std::unexpected<Error> not_replaced(u32 ifindex, int error) {
    return fail(Errc::system,
                fmt::format("cannot replace the XDP program of interface {}: {}", ifindex, std::strerror(error)));
}

bool link_holds(int link, u32 ifindex) {
    bpf_link_info info{};
    u32 size = sizeof info;
    return bpf_obj_get_info_by_fd(link, &info, &size) == 0 && info.xdp.ifindex == ifindex;
}

} // namespace

std::string XdpHook::pin_of_link(u32 ifindex) const { return pin(fmt::format("{}{}", link_prefix, ifindex)); }

std::vector<u32> XdpHook::linked() const {
    std::vector<u32> all;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
        const std::string name = entry.path().filename();
        u32 ifindex = 0;
        if (name.starts_with(link_prefix) &&
            std::from_chars(name.data() + link_prefix.size(), name.data() + name.size(), ifindex).ec == std::errc{})
            all.push_back(ifindex);
    }
    return all;
}

bool XdpHook::linked(u32 ifindex) const {
    const Fd link(bpf_obj_get(pin_of_link(ifindex).c_str()));
    return link && link_holds(link.get(), ifindex);
}

bool XdpHook::attached(u32 ifindex) const { return linked(ifindex) || dispatchers_.holds(ifindex); }

std::string XdpHook::company(u32 ifindex) const {
    if (linked(ifindex))
        return fmt::format("its program is alone at XDP there: {}",
                           why_alone_.empty() ? "so it was attached before" : why_alone_);
    const std::size_t n = dispatchers_.others(ifindex);
    return fmt::format("its program is in libxdp's dispatcher there, with {} other{}", n, n == 1 ? "" : "s");
}

Result<Fd> XdpHook::program() const {
    Fd there(bpf_obj_get(pin(program_name).c_str()));
    return there ? Result<Fd>(std::move(there)) : load_xdp(directory_);
}

Result<void> XdpHook::attach(const Interface& i) {
    dispatchers_.clean();
    if (attached(i.ifindex))
        return {};
    unlink(pin_of_link(i.ifindex).c_str()); // of an interface that had this number
    why_alone_ = dispatchers_.why_not();
    auto done = why_alone_.empty() ? share(i) : stand_alone(i);
    if (!done && why_alone_.empty() && standing_program(i.ifindex) == 0) {
        why_alone_ = "libxdp's dispatcher does not take it";
        done = stand_alone(i);
    }
    if (!done)
        detach(i.ifindex); // also the program, if it stands nowhere
    return done;
}

Result<void> XdpHook::share(const Interface& i) {
    auto object = open_xdp(directory_);
    if (!object)
        return std::unexpected(object.error());
    withdraw_ports();
    const int error = dispatchers_.add(i.ifindex, object->get());
    return error == 0 ? Result<void>() : refused(i, error);
}

Result<void> XdpHook::stand_alone(const Interface& i) {
    auto loaded = program();
    if (!loaded)
        return std::unexpected(loaded.error());
    withdraw_ports();
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE, );
    const Fd link(bpf_link_create(loaded->get(), static_cast<int>(i.ifindex), BPF_XDP, &options));
    if (link && bpf_obj_pin(link.get(), pin_of_link(i.ifindex).c_str()) == 0)
        return {};
    return refused(i, errno);
}

void XdpHook::detach(u32 ifindex) {
    dispatchers_.clean();
    const std::string path = pin_of_link(ifindex);
    withdraw_ports();
    if (const Fd link(bpf_obj_get(path.c_str())); link)
        bpf_link_detach(link.get());
    unlink(path.c_str());
    dispatchers_.remove(ifindex);
    if (!linked().empty())
        return;
    unlink(pin(program_name).c_str());
    if (dispatchers_.interfaces().empty())
        unlink(pin("xdp_ports").c_str());
}

Result<void> XdpHook::upgrade() {
    dispatchers_.clean();
    for (const u32 ifindex : dispatchers_.interfaces()) {
        auto object = open_xdp(directory_);
        if (!object)
            return std::unexpected(object.error());
        if (const int error = dispatchers_.replace(ifindex, object->get()); error != 0)
            return not_replaced(ifindex, error);
    }
    const std::vector<u32> alone = linked();
    if (alone.empty())
        return {};
    auto loaded = load_xdp(directory_);
    if (!loaded)
        return std::unexpected(loaded.error());
    for (const u32 ifindex : alone) {
        const Fd link(bpf_obj_get(pin_of_link(ifindex).c_str()));
        if (link && link_holds(link.get(), ifindex) && bpf_link_update(link.get(), loaded->get(), nullptr) != 0)
            return not_replaced(ifindex, errno);
    }
    return {};
}

void XdpHook::clean() const {
    for (int patience = 50; !dispatchers_.clean() && patience > 0; patience--)
        usleep(200000);
}

Mapping XdpHook::ports() const {
    const Fd map(bpf_obj_get(pin("xdp_ports").c_str()));
    return map ? Mapping(map.get(), sizeof(XdpPort) * max_xdp_ports) : Mapping();
}

namespace {

void write_port(const Mapping& ports, u32 ifindex, const XdpPort& port) {
    __atomic_store_n(static_cast<u64*>(ports.data()) + ifindex, std::bit_cast<u64>(port), __ATOMIC_SEQ_CST);
}

XdpPort read_port(const Mapping& ports, u32 ifindex) {
    return std::bit_cast<XdpPort>(__atomic_load_n(static_cast<const u64*>(ports.data()) + ifindex, __ATOMIC_SEQ_CST));
}

} // namespace

void XdpHook::withdraw_ports() const {
    const Mapping all = ports();
    for (u32 i = 0; all && i < max_xdp_ports; i++)
        if (read_port(all, i).flags != 0)
            write_port(all, i, {});
}

void XdpHook::publish_ports(const std::vector<Interface>& all) {
    const Mapping published = ports();
    if (!published)
        return;
    withdraw_ports();
    const auto features = xdp_features();
    for (const Interface& i : all)
        if (!i.loopback && i.ethernet && i.ifindex < max_xdp_ports)
            write_port(published, i.ifindex, port_of(i, device_of(i, features), attached(i.ifindex)));
}

std::optional<XdpPort> XdpHook::port(u32 ifindex) const {
    const Mapping all = ports();
    if (!all || ifindex >= max_xdp_ports || (read_port(all, ifindex).flags & port_known) == 0)
        return std::nullopt;
    return read_port(all, ifindex);
}

std::optional<XdpCounts> XdpHook::counts() const {
    if (access(pin("xdp_ports").c_str(), F_OK) != 0)
        return std::nullopt;
    const Fd map(bpf_obj_get(pin("reasons").c_str()));
    const auto reasons = map ? read_reasons(map.get(), reasons_at_xdp) : std::nullopt;
    if (!reasons)
        return std::nullopt;
    const u64 left = (*reasons)[static_cast<std::size_t>(Reason::left_to_tc)];
    return XdpCounts{std::accumulate(reasons->begin(), reasons->end(), u64{0}) - left, left};
}

} // namespace bpvs::kernel
