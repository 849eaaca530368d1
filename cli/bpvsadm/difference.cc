#include "cli/bpvsadm/difference.hh"

#include "cli/bpvsadm/list.hh"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <unordered_map>

namespace bpvs::cli {
namespace {

/// A name as the bytes of a key, for looking it up.
std::string key_of(const ServiceName& n) {
    Buffer key;
    put_address(key, n.family, n.vip);
    fmt::format_to(to(key), " {} {} {} {}", static_cast<int>(n.family), static_cast<int>(n.protocol),
                   from_be16(n.vport), n.fwmark);
    return {key.data(), key.size()};
}

std::unordered_map<std::string, const ServiceView*> by_name(const std::vector<ServiceView>& services) {
    std::unordered_map<std::string, const ServiceView*> map;
    map.reserve(services.size());
    for (const ServiceView& s : services)
        map.emplace(key_of(s.spec.name), &s);
    return map;
}

const ServiceView* find(const std::unordered_map<std::string, const ServiceView*>& map, const ServiceView& s) {
    const auto it = map.find(key_of(s.spec.name));
    return it == map.end() ? nullptr : it->second;
}

bool same_server(const ServerSpec& a, const ServerSpec& b) {
    return a.family == b.family && a.addr == b.addr && a.port == b.port;
}

/// A service has few servers; one with thousands has most of them in the same place in both lists.
const ServerSpec* find(const std::vector<ServerView>& servers, const ServerSpec& wanted, std::size_t place) {
    if (place < servers.size() && same_server(servers[place].spec, wanted))
        return &servers[place].spec;
    const auto it = std::ranges::find_if(servers, [&](const ServerView& s) { return same_server(s.spec, wanted); });
    return it == servers.end() ? nullptr : &it->spec;
}

void put(Output& out, const char* sign, const std::string& line) {
    fmt::format_to(to(out.buffer()), "{}{}\n", sign, line);
    out.drain();
}

std::string text_of(const ServiceSpec& s) { return save_line(s, {}); }

std::string text_of(const ServiceName& service, const ServerSpec& s) {
    std::string line = save_line(service, s, {});
    if (s.upper != 0)
        line += fmt::format(" -x {}", s.upper);
    if (s.lower != 0)
        line += fmt::format(" -y {}", s.lower);
    return line;
}

void put_all(Output& out, const char* sign, const ServiceView& s) {
    put(out, sign, text_of(s.spec));
    for (const ServerView& server : s.servers)
        put(out, sign, text_of(s.spec.name, server.spec));
}

bool put_changed(Output& out, const ServiceView& before, const ServiceView& after) {
    bool different = false;
    const auto line = [&](const char* sign, const std::string& text) {
        put(out, sign, text);
        different = true;
    };
    const ServiceName& name = after.spec.name;
    if (before.spec != after.spec) {
        line("- ", text_of(before.spec));
        line("+ ", text_of(after.spec));
    }
    for (std::size_t i = 0; i < before.servers.size(); ++i)
        if (!find(after.servers, before.servers[i].spec, i))
            line("- ", text_of(name, before.servers[i].spec));
    for (std::size_t i = 0; i < after.servers.size(); ++i) {
        const ServerSpec& now = after.servers[i].spec;
        const ServerSpec* old = find(before.servers, now, i);
        if (old && *old == now)
            continue;
        if (old)
            line("- ", text_of(name, *old));
        line("+ ", text_of(name, now));
    }
    return different;
}

/// Newest last: a server that is added comes first in the list.
Result<void> add_all(Changes& table, const ServiceView& s) {
    if (auto ok = table.add_service(s.spec); !ok)
        return ok;
    for (const ServerView& server : std::views::reverse(s.servers))
        if (auto ok = table.add_server(s.spec.name, server.spec); !ok)
            return ok;
    return {};
}

Result<void> change(Changes& table, const ServiceView& before, const ServiceView& after) {
    const ServiceName& name = after.spec.name;
    if (before.spec != after.spec)
        if (auto ok = table.edit_service(after.spec); !ok)
            return ok;
    for (std::size_t i = 0; i < before.servers.size(); ++i) {
        const ServerSpec& s = before.servers[i].spec;
        if (find(after.servers, s, i))
            continue;
        if (auto ok = table.delete_server(name, s.family, s.addr, s.port); !ok)
            return ok;
    }
    for (std::size_t i = after.servers.size(); i-- > 0;) {
        const ServerSpec& now = after.servers[i].spec;
        const ServerSpec* old = find(before.servers, now, i);
        if (old && *old == now)
            continue;
        if (auto ok = old ? table.edit_server(name, now) : table.add_server(name, now); !ok)
            return ok;
    }
    return {};
}

} // namespace

bool put_difference(Output& out, std::vector<ServiceView> before, std::vector<ServiceView> after) {
    sort_services(before);
    sort_services(after);
    const auto old = by_name(before), now = by_name(after);
    bool different = false;
    for (const ServiceView& s : before) {
        if (find(now, s))
            continue;
        put_all(out, "- ", s);
        different = true;
    }
    for (const ServiceView& s : after) {
        const ServiceView* b = find(old, s);
        if (!b)
            put_all(out, "+ ", s);
        different = (b ? put_changed(out, *b, s) : true) || different;
    }
    return different;
}

bool put_difference(Output& out, const Timeouts& before, const Timeouts& after) {
    const auto next = [](u32 old, u32 now) { return now == 0 ? old : now; };
    const Timeouts then{next(before.tcp, after.tcp), next(before.tcp_fin, after.tcp_fin), next(before.udp, after.udp)};
    if (then.tcp == before.tcp && then.tcp_fin == before.tcp_fin && then.udp == before.udp)
        return false;
    put(out, "- ", fmt::format("--set {} {} {}", before.tcp, before.tcp_fin, before.udp));
    put(out, "+ ", fmt::format("--set {} {} {}", then.tcp, then.tcp_fin, then.udp));
    return true;
}

Result<void> make_equal(Changes& table, const std::vector<ServiceView>& before, const std::vector<ServiceView>& after) {
    const auto old = by_name(before), now = by_name(after);
    for (const ServiceView& s : before)
        if (!find(now, s))
            if (auto ok = table.delete_service(s.spec.name); !ok)
                return ok;
    for (const ServiceView& s : after) {
        const ServiceView* b = find(old, s);
        if (auto ok = b ? change(table, *b, s) : add_all(table, s); !ok)
            return ok;
    }
    return {};
}

} // namespace bpvs::cli
