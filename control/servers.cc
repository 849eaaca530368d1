// Adding, editing and deleting the servers of a service. The order of checks is IPVS's: thresholds, then
// whether the server is there, then whether its address can be one.
#include "control/director_parts.hh"
#include "control/draft.hh"
#include "control/views.hh"

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

std::string server_text(const char* verb, const ServiceName& service, Family family, const Address& addr, Be16 port) {
    return fmt::format("Cannot {} the server {} of {}", verb, to_text(family, addr, port), to_text(service));
}

} // namespace

/// The server's old record, if it still has one, or a fresh one.
Result<u32> Draft::record_for(DraftService& s, const ServiceKey& key, const ServerSpec& spec) {
    const ServerName name{spec.family, spec.addr, spec.port};
    if (const auto it = std::ranges::find_if(s.gone, [&](u32 id) { return name_of(id) == name; }); it != s.gone.end()) {
        const u32 id = *it;
        s.gone.erase(it);
        return id;
    }
    const Dest record{.addr = spec.addr,
                      .vip = key.vip,
                      .fwmark = key.fwmark,
                      .port = spec.port,
                      .vport = key.vport,
                      .protocol = key.protocol,
                      .family = key.family,
                      .addr_family = spec.family,
                      .service = no_id};
    taken_ = true;
    if (const auto removed = ledger_.removed_server(record)) {
        ledger_.listed(*removed); // nobody else may take it
        return *removed;
    }
    const auto id = ledger_.take_dest_id();
    if (id)
        fresh_[*id] = record;
    return id;
}

/// `s.entries` were `before` until now.
void Draft::servers_changed(DraftService& s, Entries before) {
    s.turn = rotation_kind(s.service.scheduler).after_change(s.turn, before, s.entries);
    s.changed = s.rebuild = true;
}

Result<void> Draft::add_server(const ServiceName& service, const ServerSpec& spec) {
    const std::string what = server_text("add", service, spec.family, spec.addr, spec.port);
    const auto found = existing(service, what);
    if (!found)
        return std::unexpected(found.error());
    DraftService& s = **found;
    if (auto ok = check_range(spec, what); !ok)
        return ok;
    const ServerName name{spec.family, spec.addr, spec.port};
    if (std::ranges::find(s.servers, name) != s.servers.end())
        return fail(Errc::server_exists, fmt::format("{}: it is there already; edit or remove it.", what));
    if (never_unicast(spec.family, spec.addr) || (spec.family == Family::v4 && is_unicast_ && !is_unicast_(spec.addr)))
        return fail(Errc::not_unicast, fmt::format("{}: the address is not a unicast address.", what));
    if (auto ok = carried_out_.check_server(spec, service.family, what); !ok)
        return ok;

    const auto id = record_for(s, ledger_.key(service), spec);
    if (!id)
        return std::unexpected(id.error());
    const std::vector<SetEntry> before = s.entries;
    s.entries.insert(s.entries.begin(), entry_of(spec, *id));
    s.servers.insert(s.servers.begin(), name);
    servers_changed(s, before);
    return {};
}

Result<void> Draft::edit_server(const ServiceName& service, const ServerSpec& spec) {
    const std::string what = server_text("edit", service, spec.family, spec.addr, spec.port);
    const auto found = existing(service, what);
    if (!found)
        return std::unexpected(found.error());
    DraftService& s = **found;
    if (auto ok = check_range(spec, what); !ok)
        return ok;
    const auto server = std::ranges::find(s.servers, ServerName{spec.family, spec.addr, spec.port});
    if (server == s.servers.end())
        return fail(Errc::no_server, fmt::format("{}: there is no such server; add it first.", what));
    if (auto ok = carried_out_.check_server(spec, service.family, what); !ok)
        return ok;

    const std::vector<SetEntry> before = s.entries;
    SetEntry& entry = s.entries[static_cast<std::size_t>(server - s.servers.begin())];
    const u32 last_weight = entry.last_weight;
    entry = entry_of(spec, entry.dest);
    if (spec.weight == 0)
        entry.last_weight = last_weight;
    servers_changed(s, before);
    return {};
}

Result<void> Draft::delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) {
    const std::string what = server_text("remove", service, family, addr, port);
    const auto found = existing(service, what);
    if (!found)
        return std::unexpected(found.error());
    DraftService& s = **found;
    const auto server = std::ranges::find(s.servers, ServerName{family, addr, port});
    if (server == s.servers.end())
        return fail(Errc::no_server, fmt::format("{}: there is no such server.", what));

    const std::vector<SetEntry> before = s.entries;
    const auto entry = s.entries.begin() + (server - s.servers.begin());
    s.gone.push_back(entry->dest);
    s.entries.erase(entry);
    s.servers.erase(server);
    servers_changed(s, before);
    return {};
}

} // namespace bpvs
