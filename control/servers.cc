// Adding, editing and deleting the servers of a service. The order of checks is IPVS's: thresholds, then
// whether the server is there, then whether its address can be one.
#include "control/director_parts.hh"

#include <algorithm>

namespace bpvs {
namespace {

/// Multicast, 0.0.0.0 and the limited broadcast address.
bool never_unicast(const Address& a) {
    const u32 host = from_be32(a.word[0]);
    return host == 0 || host == 0xffffffffu || (host >> 28) == 0xe;
}

Result<void> check_range(const ServerSpec& spec, const std::string& what) {
    if (spec.weight > max_weight)
        return fail(Errc::out_of_range,
                    fmt::format("{}: the weight {} is above the highest, {}.", what, spec.weight, max_weight));
    if (spec.lower > spec.upper)
        return fail(Errc::out_of_range, fmt::format("{}: the lower threshold {} is above the upper threshold {}.", what,
                                                    spec.lower, spec.upper));
    return {};
}

SetEntry entry_of(const ServerSpec& spec, u32 dest) {
    return {.dest = dest,
            .weight = spec.weight,
            .upper = spec.upper,
            .lower = spec.lower,
            .method = static_cast<u32>(spec.method),
            .tunnel = spec.tunnel_type | spec.tunnel_flags << 16,
            .tunnel_port = from_be16(spec.tunnel_port)};
}

auto find_server(Store& store, std::vector<SetEntry>& entries, const Address& addr, Be16 port) {
    const auto dests = store.dests();
    return std::ranges::find_if(
        entries, [&](const SetEntry& e) { return dests[e.dest].addr == addr && dests[e.dest].port == port; });
}

std::string server_text(const char* verb, const ServiceName& service, Family family, const Address& addr, Be16 port) {
    return fmt::format("Cannot {} the server {} of {}", verb, to_text(family, addr, port), to_text(service));
}

} // namespace

/// What this version cannot do.
Result<void> Director::check_server(const ServerSpec& spec, const std::string& what) const {
    const auto refuse = [&](const char* why) { return fail(Errc::not_supported, fmt::format("{}: {}", what, why)); };
    if (spec.family != Family::v4)
        return refuse("IPv6 servers are not carried out by this version; use an IPv4 address.");
    if (spec.method != Forward::masq)
        return refuse("this version forwards by masquerading only; use -m.");
    if (spec.upper != 0 || spec.lower != 0)
        return refuse("connection thresholds (-x, -y) are not carried out by this version; leave them out.");
    return {};
}

/// The server's old record, if it still has one, or a fresh one.
Result<u32> Director::record_for(const ServiceKey& key, const ServerSpec& spec) {
    const Dest record{.addr = spec.addr,
                      .vip = key.vip,
                      .fwmark = key.fwmark,
                      .port = spec.port,
                      .vport = key.vport,
                      .protocol = key.protocol,
                      .family = key.family,
                      .service = no_id};
    if (const auto removed = ledger_->removed_server(record))
        return *removed;
    const auto id = ledger_->take_dest_id();
    if (!id)
        return id;
    if (auto fresh = publish::fresh_dest(store_, *id, record); !fresh)
        return std::unexpected(fresh.error());
    return id;
}

Result<void> Director::add_server(const ServiceName& service, const ServerSpec& spec) {
    const std::string what = server_text("add", service, spec.family, spec.addr, spec.port);
    auto found = find_for_change(service, what);
    if (!found)
        return std::unexpected(found.error());
    if (auto ok = check_range(spec, what); !ok)
        return ok;
    if (find_server(store_, found->entries, spec.addr, spec.port) != found->entries.end())
        return fail(Errc::server_exists, fmt::format("{}: it is there already; edit or remove it.", what));
    if (spec.family == Family::v4 && (never_unicast(spec.addr) || (is_unicast_ && !is_unicast_(spec.addr))))
        return fail(Errc::not_unicast, fmt::format("{}: the address is not a unicast address.", what));
    if (auto ok = check_server(spec, what); !ok)
        return ok;

    const auto id = record_for(found->key, spec);
    if (!id)
        return abandon(id.error());
    std::vector<SetEntry> after{entry_of(spec, *id)};
    after.insert(after.end(), found->entries.begin(), found->entries.end());
    const auto& kind = rotation_kind(found->service.scheduler);
    const auto next =
        with_set(found->service, after, kind.after_change(found->turn(), found->entries, after), found->picks);
    if (!next)
        return abandon(next.error());
    return commit(found->key, *next, *id, no_id);
}

Result<void> Director::edit_server(const ServiceName& service, const ServerSpec& spec) {
    const std::string what = server_text("edit", service, spec.family, spec.addr, spec.port);
    auto found = find_for_change(service, what);
    if (!found)
        return std::unexpected(found.error());
    if (auto ok = check_range(spec, what); !ok)
        return ok;
    std::vector<SetEntry> after = found->entries;
    const auto server = find_server(store_, after, spec.addr, spec.port);
    if (server == after.end())
        return fail(Errc::no_server, fmt::format("{}: there is no such server; add it first.", what));
    if (auto ok = check_server(spec, what); !ok)
        return ok;

    *server = entry_of(spec, server->dest);
    const auto& kind = rotation_kind(found->service.scheduler);
    const auto next =
        with_set(found->service, after, kind.after_change(found->turn(), found->entries, after), found->picks);
    if (!next)
        return abandon(next.error());
    return commit(found->key, *next, no_id, no_id);
}

Result<void> Director::delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) {
    const std::string what = server_text("remove", service, family, addr, port);
    auto found = find_for_change(service, what);
    if (!found)
        return std::unexpected(found.error());
    std::vector<SetEntry> after = found->entries;
    const auto server = find_server(store_, after, addr, port);
    if (server == after.end())
        return fail(Errc::no_server, fmt::format("{}: there is no such server.", what));

    const u32 id = server->dest;
    after.erase(server);
    const auto& kind = rotation_kind(found->service.scheduler);
    const auto next =
        with_set(found->service, after, kind.after_change(found->turn(), found->entries, after), found->picks);
    if (!next)
        return abandon(next.error());
    return commit(found->key, *next, no_id, id);
}

} // namespace bpvs
