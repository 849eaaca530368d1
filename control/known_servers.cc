#include "control/known_servers.hh"

#include <string_view>
#include <unordered_set>

namespace bpvs::known_servers {
namespace {

struct Bytes {
    static std::string_view of(const ServerKey& k) { return {reinterpret_cast<const char*>(&k), sizeof k}; }
    std::size_t operator()(const ServerKey& k) const { return std::hash<std::string_view>{}(of(k)); }
    bool operator()(const ServerKey& a, const ServerKey& b) const { return of(a) == of(b); }
};
using Keys = std::unordered_set<ServerKey, Bytes, Bytes>;

Keys keys_of_listed(Store& store) {
    Keys keys;
    const auto records = store.dests().first(store.config().used_dests);
    for (const Dest& d : records)
        if (d.service != no_id)
            keys.insert(key_of(d));
    return keys;
}

} // namespace

ServerKey key_of(const Dest& record) {
    return {.addr = record.addr,
            .port = record.port,
            .protocol = record.fwmark != 0 ? IpProto::none : record.protocol,
            .family = record.addr_family};
}

Result<void> add(Store& store, std::span<const u32> records) {
    for (const u32 id : records)
        if (auto done = store.put_server(key_of(store.dests()[id])); !done)
            return done;
    return {};
}

Result<void> remove(Store& store, std::span<const u32> records) {
    if (records.empty())
        return {};
    const Keys listed = keys_of_listed(store);
    for (const u32 id : records)
        if (const ServerKey key = key_of(store.dests()[id]); !listed.contains(key))
            if (auto done = store.erase_server(key); !done)
                return done;
    return {};
}

Result<void> derive(Store& store) {
    const Keys listed = keys_of_listed(store);
    auto there = store.servers();
    if (!there)
        return std::unexpected(there.error());
    for (const ServerKey& key : *there)
        if (!listed.contains(key))
            if (auto done = store.erase_server(key); !done)
                return done;
    for (const ServerKey& key : listed)
        if (auto done = store.put_server(key); !done)
            return done;
    return {};
}

} // namespace bpvs::known_servers
