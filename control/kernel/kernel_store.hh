// KernelStore: Store over the pinned maps of a director.
#pragma once

#include "control/kernel/fd.hh"
#include "control/store.hh"

#include <memory>
#include <new>
#include <string>

namespace bpvs::kernel {

class KernelStore final : public Store {
public:
    /// Opens the maps pinned in `directory`. incompatible: they have another layout.
    static Result<std::unique_ptr<KernelStore>> open(const std::string& directory);

    Config& config() override { return *first<Config>(config_); }
    Table& table() override { return *first<Table>(table_); }
    std::span<Dest> dests() override { return {first<Dest>(dests_), config().max_dests}; }
    std::span<Cursor> cursors() override { return {first<Cursor>(cursors_), config().max_services}; }
    std::span<u32> words(u32 offset, u32 count) override;
    std::span<Conn> conns() override { return {first<Conn>(conns_), config().connections}; }
    std::span<const Rates> rates() override { return {first<Rates>(rates_), ids()}; }
    std::span<const Counters> zeros() override { return {first<Counters>(zeros_), ids()}; }
    /// By a system call: to map a large table costs more than a few elements do.
    void put_rates(u32 index, const Rates& value) override;
    void put_zero(u32 index, const Counters& value) override;
    void zero(std::span<const u32> indices, std::span<const Counters> current) override;

    Result<std::vector<std::pair<ServiceKey, Service>>> services() override;
    Result<void> put_service(const ServiceKey& key, const Service& value) override;
    Result<void> erase_service(const ServiceKey& key) override;
    Result<std::vector<ServerKey>> servers() override;
    Result<void> put_server(const ServerKey& key) override;
    Result<void> erase_server(const ServerKey& key) override;
    Result<void> put_servers(std::span<const ServerKey> keys) override;
    std::span<MarkRule> mark_rules() override { return {first<MarkRule>(mark_rules_), 2ul * max_mark_rules}; }
    std::span<MarkPorts> mark_ports() override { return {first<MarkPorts>(mark_ports_), 2ul * max_mark_ports}; }
    Result<std::vector<MarkPrefix>> mark_prefixes() override;
    Result<void> put_mark_prefix(const MarkPrefix& key, const MarkRange& value) override;
    Result<void> erase_mark_prefix(const MarkPrefix& key) override;
    Result<std::vector<Counters>> counters(u32 first, u32 count) override;
    Result<void> put_services(std::span<const std::pair<ServiceKey, Service>> all) override;
    Result<void> erase_services(std::span<const ServiceKey> keys) override;
    Result<std::vector<u64>> reasons() override;
    u64 now() override;
    void settle() override;

private:
    KernelStore() = default;
    std::unexpected<Error> service_refused();
    u32 ids() { return config().max_dests + config().max_services; }
    /// A table that cannot be mapped ends the command: there is nothing else to do without memory.
    template <class T>
    static T* first(LazyMapping& m) {
        void* data = m.data();
        if (!data)
            throw std::bad_alloc();
        return static_cast<T*>(data);
    }

    Fd services_, servers_, counters_, reasons_, clock_, mark_prefixes_;
    LazyMapping config_, table_, dests_, cursors_, words_, conns_, rates_, zeros_, mark_rules_, mark_ports_;
};

} // namespace bpvs::kernel
