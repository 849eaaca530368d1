// A store that stands in front of another one, so that a test can watch or stop what a command does.
#pragma once

#include "control/store.hh"

namespace bpvs {

/// Every use of the tables passes touch(): a command writes at most one element between two of them.
class WatchedStore : public Store {
public:
    explicit WatchedStore(Store& store) : store_(store) {}

    Config& config() override { return touched().config(); }
    Table& table() override { return touched().table(); }
    std::span<Dest> dests() override { return touched().dests(); }
    std::span<Cursor> cursors() override { return touched().cursors(); }
    std::span<u32> words(u32 offset, u32 count) override { return touched().words(offset, count); }
    std::span<Conn> conns() override { return touched().conns(); }
    std::span<const Rates> rates() override { return touched().rates(); }
    std::span<const Counters> zeros() override { return touched().zeros(); }
    void put_rates(u32 index, const Rates& value) override { touched().put_rates(index, value); }
    void put_zero(u32 index, const Counters& value) override { touched().put_zero(index, value); }
    Result<std::vector<std::pair<ServiceKey, Service>>> services() override { return touched().services(); }
    Result<void> put_service(const ServiceKey& key, const Service& value) override {
        return touched().put_service(key, value);
    }
    Result<void> erase_service(const ServiceKey& key) override { return touched().erase_service(key); }
    Result<std::vector<ServerKey>> servers() override { return touched().servers(); }
    Result<void> put_server(const ServerKey& key) override { return touched().put_server(key); }
    Result<void> erase_server(const ServerKey& key) override { return touched().erase_server(key); }
    std::span<MarkRule> mark_rules() override { return touched().mark_rules(); }
    std::span<MarkPorts> mark_ports() override { return touched().mark_ports(); }
    Result<std::vector<MarkPrefix>> mark_prefixes() override { return touched().mark_prefixes(); }
    Result<void> put_mark_prefix(const MarkPrefix& key, const MarkRange& value) override {
        return touched().put_mark_prefix(key, value);
    }
    Result<void> erase_mark_prefix(const MarkPrefix& key) override { return touched().erase_mark_prefix(key); }
    Result<std::vector<Counters>> counters(u32 first, u32 count) override { return touched().counters(first, count); }
    Result<std::vector<u64>> reasons() override { return touched().reasons(); }
    u64 now() override { return touched().now(); }
    void settle() override { touched().settle(); }

protected:
    virtual void touch() {}

private:
    Store& touched() {
        touch();
        return store_;
    }
    Store& store_;
};

struct Killed {};

/// The command that works on it dies at its n-th use of the tables.
class DeadlyStore : public WatchedStore {
public:
    DeadlyStore(Store& store, int touches) : WatchedStore(store), left_(touches) {}

private:
    void touch() override {
        if (left_-- == 0)
            throw Killed{};
    }
    int left_;
};

} // namespace bpvs
