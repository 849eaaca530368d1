#include "sim/memory_store.hh"

#include <fmt/format.h>

namespace bpvs::sim {

Result<std::vector<std::pair<ServiceKey, Service>>> MemoryStore::services() {
    return std::vector<std::pair<ServiceKey, Service>>(tables_.services.begin(), tables_.services.end());
}

Result<void> MemoryStore::put_service(const ServiceKey& key, const Service& value) {
    if (tables_.services.update(key, value) == Update::full)
        return fail(Errc::no_room, fmt::format("The table of services is full ({} elements); delete a service first.",
                                               tables_.services.capacity()));
    return {};
}

Result<void> MemoryStore::erase_service(const ServiceKey& key) {
    if (!tables_.services.erase(key))
        return fail(Errc::system, "The element to erase is not in the table of services.");
    return {};
}

Result<std::vector<ServerKey>> MemoryStore::servers() {
    std::vector<ServerKey> keys;
    for (const auto& [key, value] : tables_.servers)
        keys.push_back(key);
    return keys;
}

Result<void> MemoryStore::put_server(const ServerKey& key) {
    if (tables_.servers.update(key, 1) == Update::full)
        return fail(Errc::no_room, "The table of real servers is full; delete a server first.");
    return {};
}

Result<void> MemoryStore::erase_server(const ServerKey& key) {
    tables_.servers.erase(key);
    return {};
}

Result<std::vector<MarkPrefix>> MemoryStore::mark_prefixes() {
    std::vector<MarkPrefix> keys;
    for (const auto& [key, value] : tables_.mark_prefixes)
        keys.push_back(key);
    return keys;
}

Result<void> MemoryStore::put_mark_prefix(const MarkPrefix& key, const MarkRange& value) {
    if (tables_.mark_prefixes.update(key, value) == Update::full)
        return fail(Errc::no_room, "The table of prefixes is full; delete a rule first.");
    return {};
}

Result<void> MemoryStore::erase_mark_prefix(const MarkPrefix& key) {
    if (!tables_.mark_prefixes.erase(key))
        return fail(Errc::system, "The element to erase is not in the table of prefixes.");
    return {};
}

Result<std::vector<Counters>> MemoryStore::counters(u32 first, u32 count) {
    const auto& all = tables_.counters;
    if (first > all.size() || count > all.size() - first)
        return fail(Errc::system, fmt::format("Counters {} to {} were asked for, but there are only {}.", first,
                                              u64{first} + count, all.size()));
    const auto begin = all.begin() + first;
    return std::vector<Counters>(begin, begin + count);
}

Result<std::vector<u64>> MemoryStore::reasons() {
    return std::vector<u64>(tables_.reasons.begin(), tables_.reasons.end());
}

} // namespace bpvs::sim
