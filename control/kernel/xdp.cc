#include "control/kernel/xdp.hh"

#include "control/kernel/loader.hh"
#include "control/kernel/mode.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <linux/if_link.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace bpvs::kernel {

namespace {

constexpr const char* program_name = "bpvs_xdp";
constexpr std::string_view link_prefix = "xdp_link_";

/// Of the program that stands on an interface; 0: none.
u32 standing_program(u32 ifindex) {
    LIBBPF_OPTS(bpf_xdp_query_opts, query);
    return bpf_xdp_query(static_cast<int>(ifindex), 0, &query) == 0 ? query.prog_id : 0;
}

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

bool XdpHook::attached(u32 ifindex) const {
    const Fd link(bpf_obj_get(pin_of_link(ifindex).c_str()));
    return link && link_holds(link.get(), ifindex);
}

Result<Fd> XdpHook::program() const {
    Fd there(bpf_obj_get(pin(program_name).c_str()));
    return there ? Result<Fd>(std::move(there)) : load_xdp(directory_);
}

Result<void> XdpHook::attach(const Interface& i) {
    if (attached(i.ifindex))
        return {};
    unlink(pin_of_link(i.ifindex).c_str()); // of an interface that had this number
    auto loaded = program();
    if (!loaded)
        return std::unexpected(loaded.error());
    withdraw_ports();
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE, );
    const Fd link(bpf_link_create(loaded->get(), static_cast<int>(i.ifindex), BPF_XDP, &options));
    const int error = link ? 0 : errno;
    if (error == 0 && bpf_obj_pin(link.get(), pin_of_link(i.ifindex).c_str()) == 0)
        return {};
    const int why = error != 0 ? error : errno;
    detach(i.ifindex); // also the program, if it stands nowhere
    return refused(i, why);
}

void XdpHook::detach(u32 ifindex) {
    const std::string path = pin_of_link(ifindex);
    withdraw_ports();
    if (const Fd link(bpf_obj_get(path.c_str())); link)
        bpf_link_detach(link.get());
    unlink(path.c_str());
    if (linked().empty())
        for (const char* name : {program_name, "xdp_ports", "xdp_counts"})
            unlink(pin(name).c_str());
}

Result<void> XdpHook::upgrade() {
    const std::vector<u32> all = linked();
    if (all.empty())
        return {};
    auto loaded = load_xdp(directory_);
    if (!loaded)
        return std::unexpected(loaded.error());
    for (const u32 ifindex : all) {
        const Fd link(bpf_obj_get(pin_of_link(ifindex).c_str()));
        if (link && link_holds(link.get(), ifindex) && bpf_link_update(link.get(), loaded->get(), nullptr) != 0)
            return fail(Errc::system, fmt::format("cannot replace the XDP program of interface {}: {}", ifindex,
                                                  std::strerror(errno)));
    }
    return {};
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
    const Fd map(bpf_obj_get(pin("xdp_counts").c_str()));
    std::vector<XdpCounts> cpus(static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1)));
    const u32 key = 0;
    if (!map || bpf_map_lookup_elem(map.get(), &key, cpus.data()) != 0)
        return std::nullopt;
    XdpCounts sum{};
    for (const XdpCounts& c : cpus) {
        sum.finished += c.finished;
        sum.left += c.left;
    }
    return sum;
}

} // namespace bpvs::kernel
