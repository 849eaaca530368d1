// bpvs attach and bpvs detach.
#include "control/kernel/attached.hh"
#include "control/kernel/loader.hh"
#include "control/kernel/mode.hh"
#include "control/kernel/site.hh"
#include "control/kernel/tcx.hh"
#include "control/open.hh"

#include <fmt/format.h>

namespace bpvs {

namespace {

using namespace kernel;

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

} // namespace bpvs
