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

std::span<const Dest> used(Store& store) { return store.dests().first(store.config().used_dests); }

} // namespace

ServerKey key_of(const Dest& record) {
    return {.addr = record.addr,
            .port = record.port,
            .protocol = record.fwmark != 0 ? IpProto::none : record.protocol,
            .family = record.addr_family};
}

Result<void> add(Store& store, std::span<const u32> records) {
    std::vector<ServerKey> keys;
    keys.reserve(records.size());
    for (const u32 id : records)
        keys.push_back(key_of(store.dests()[id]));
    return store.put_servers(keys);
}

Result<void> remove(Store& store, std::span<const u32> records) {
    if (records.empty())
        return {};
    Keys gone;
    for (const u32 id : records)
        gone.insert(key_of(store.dests()[id]));
    for (const Dest& d : used(store))
        if (d.service != no_id)
            gone.erase(key_of(d));
    for (const ServerKey& key : gone)
        if (auto done = store.erase_server(key); !done)
            return done;
    return {};
}

Result<void> derive(Store& store) {
    Keys listed;
    for (const Dest& d : used(store))
        if (d.service != no_id)
            listed.insert(key_of(d));
    auto there = store.servers();
    if (!there)
        return std::unexpected(there.error());
    for (const ServerKey& key : *there)
        if (!listed.contains(key))
            if (auto done = store.erase_server(key); !done)
                return done;
    return store.put_servers(std::vector<ServerKey>(listed.begin(), listed.end()));
}

} // namespace bpvs::known_servers
