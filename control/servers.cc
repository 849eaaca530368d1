// Adding, editing and deleting the servers of a service. The order of checks is IPVS's: thresholds, then
// whether the server is there, then whether its address can be one.
#include "control/director_parts.hh"

#include <algorithm>

namespace bpvs {
namespace {

/// Unspecified, multicast, IPv4 limited broadcast, IPv6 link-local and IPv4-mapped.
bool never_unicast(Family family, const Address& a) {
    const auto word = [&](int i) { return from_be32(a.word[i]); };
    if (family == Family::v4)
        return word(0) == 0 || word(0) == 0xffffffffu || (word(0) >> 28) == 0xe;
    const bool short_form = word(0) == 0 && word(1) == 0; // ::, ::ffff:a.b.c.d
    return (short_form && ((word(2) == 0 && word(3) == 0) || word(2) == 0xffff)) || (word(0) >> 24) == 0xff ||
           (word(0) >> 22) == 0xfe80 >> 6;
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

auto find_server(Store& store, std::vector<SetEntry>& entries, Family family, const Address& addr, Be16 port) {
    const auto dests = store.dests();
    return std::ranges::find_if(entries, [&](const SetEntry& e) {
        const Dest& d = dests[e.dest];
        return d.addr_family == family && d.addr == addr && d.port == port;
    });
}

std::string server_text(const char* verb, const ServiceName& service, Family family, const Address& addr, Be16 port) {
    return fmt::format("Cannot {} the server {} of {}", verb, to_text(family, addr, port), to_text(service));
}

} // namespace

/// The server's old record, if it still has one, or a fresh one.
Result<u32> Director::record_for(const ServiceKey& key, const ServerSpec& spec) {
    const Dest record{.addr = spec.addr,
                      .vip = key.vip,
                      .fwmark = key.fwmark,
                      .port = spec.port,
                      .vport = key.vport,
                      .protocol = key.protocol,
                      .family = key.family,
                      .addr_family = spec.family,
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
    if (find_server(store_, found->entries, spec.family, spec.addr, spec.port) != found->entries.end())
        return fail(Errc::server_exists, fmt::format("{}: it is there already; edit or remove it.", what));
    if (never_unicast(spec.family, spec.addr) || (spec.family == Family::v4 && is_unicast_ && !is_unicast_(spec.addr)))
        return fail(Errc::not_unicast, fmt::format("{}: the address is not a unicast address.", what));
    if (auto ok = carried_out_.check_server(spec, what); !ok)
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
    const auto server = find_server(store_, after, spec.family, spec.addr, spec.port);
    if (server == after.end())
        return fail(Errc::no_server, fmt::format("{}: there is no such server; add it first.", what));
    if (auto ok = carried_out_.check_server(spec, what); !ok)
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
    const auto server = find_server(store_, after, family, addr, port);
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
