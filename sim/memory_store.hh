// MemoryStore: a director's tables in ordinary memory, for simulation and tests.
#pragma once

#include "control/store.hh"
#include "sim/tables.hh"

namespace bpvs::sim {

/// Does not own the tables; packets may be run on them between two commands.
class MemoryStore : public Store {
public:
    explicit MemoryStore(Tables& tables) : tables_(tables) {}

    Config& config() override { return tables_.config; }
    Table& table() override { return tables_.table; }
    std::span<Dest> dests() override { return tables_.dests; }
    std::span<Cursor> cursors() override { return tables_.cursors; }
    std::span<u32> words(u32 offset, u32 count) override {
        const std::span<u32> all = tables_.words;
        return u64{offset} + count > all.size() ? std::span<u32>{} : all.subspan(offset, count);
    }
    std::span<Conn> conns() override { return tables_.conns; }
    std::span<const Rates> rates() override { return tables_.rates; }
    std::span<const Counters> zeros() override { return tables_.zeros; }
    void put_rates(u32 index, const Rates& value) override { tables_.rates[index] = value; }
    void put_zero(u32 index, const Counters& value) override { tables_.zeros[index] = value; }

    Result<std::vector<std::pair<ServiceKey, Service>>> services() override;
    Result<void> put_service(const ServiceKey& key, const Service& value) override;
    Result<void> erase_service(const ServiceKey& key) override;

    Result<std::vector<ServerKey>> servers() override;
    Result<void> put_server(const ServerKey& key) override;
    Result<void> erase_server(const ServerKey& key) override;

    std::span<MarkRule> mark_rules() override { return tables_.mark_rules; }
    std::span<MarkPorts> mark_ports() override { return tables_.mark_ports; }
    Result<std::vector<MarkPrefix>> mark_prefixes() override;
    Result<void> put_mark_prefix(const MarkPrefix& key, const MarkRange& value) override;
    Result<void> erase_mark_prefix(const MarkPrefix& key) override;

    Result<std::vector<Counters>> counters(u32 first, u32 count) override;
    Result<std::vector<u64>> reasons() override;

    u64 now() override { return tables_.jiffies; }
    /// Nothing to wait for: packets and commands take turns.
    void settle() override {}

private:
    Tables& tables_;
};

} // namespace bpvs::sim
