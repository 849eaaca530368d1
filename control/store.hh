// Store: the director's tables as the control library sees them. Two implementations: KernelStore
// (pinned BPF maps) and MemoryStore (the native core's tables, for simulation and tests).
//
// Spans are live: packets read and write the same memory while the caller looks at it.
// Configuration is only ever changed by the holder of the director's lock.
#pragma once

#include "control/error.hh"
#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/model/mark.hh"
#include "core/model/reasons.hh"
#include "core/model/service.hh"

#include <span>
#include <utility>
#include <vector>

namespace bpvs {

class Store {
public:
    virtual ~Store() = default;

    virtual Config& config() = 0;
    virtual Table& table() = 0;
    virtual std::span<Dest> dests() = 0;                     ///< Config::max_dests
    virtual std::span<Cursor> cursors() = 0;                 ///< Config::max_services
    virtual std::span<u32> words(u32 offset, u32 count) = 0; ///< a part of Config::max_words; empty: not one
    virtual std::span<Conn> conns() = 0;                     ///< Config::connections
    virtual std::span<const Rates> rates() = 0;              ///< max_dests + max_services, as `counters`
    virtual std::span<const Counters> zeros() = 0;           ///< what -Z subtracts, as `counters`
    virtual void put_rates(u32 index, const Rates& value) = 0;
    virtual void put_zero(u32 index, const Counters& value) = 0;
    /// Many at once: from now on `indices` count, and their rates grow, from `current`.
    virtual void zero(std::span<const u32> indices, std::span<const Counters> current) {
        for (std::size_t i = 0; i < indices.size(); ++i) {
            put_zero(indices[i], current[i]);
            put_rates(indices[i], Rates{.last = current[i]});
        }
    }

    virtual Result<std::vector<std::pair<ServiceKey, Service>>> services() = 0;
    /// Inserts or replaces one service; packets see the old one or the new one.
    virtual Result<void> put_service(const ServiceKey& key, const Service& value) = 0;
    virtual Result<void> erase_service(const ServiceKey& key) = 0;

    /// Many at once, in any order; on an error some may have been done.
    virtual Result<void> put_services(std::span<const std::pair<ServiceKey, Service>> all) {
        for (const auto& [key, value] : all)
            if (auto put = put_service(key, value); !put)
                return put;
        return {};
    }
    virtual Result<void> erase_services(std::span<const ServiceKey> keys) {
        for (const ServiceKey& key : keys)
            if (auto erased = erase_service(key); !erased)
                return erased;
        return {};
    }

    virtual Result<std::vector<ServerKey>> servers() = 0;
    virtual Result<void> put_server(const ServerKey& key) = 0;
    virtual Result<void> erase_server(const ServerKey& key) = 0; ///< also one that is not there
    /// As put_services().
    virtual Result<void> put_servers(std::span<const ServerKey> keys) {
        for (const ServerKey& key : keys)
            if (auto put = put_server(key); !put)
                return put;
        return {};
    }

    virtual std::span<MarkRule> mark_rules() = 0;  ///< two halves of max_mark_rules
    virtual std::span<MarkPorts> mark_ports() = 0; ///< two halves of max_mark_ports
    virtual Result<std::vector<MarkPrefix>> mark_prefixes() = 0;
    virtual Result<void> put_mark_prefix(const MarkPrefix& key, const MarkRange& value) = 0;
    virtual Result<void> erase_mark_prefix(const MarkPrefix& key) = 0;

    /// Counters of the first `count` ids, summed over CPUs.
    virtual Result<std::vector<Counters>> counters(u32 first, u32 count) = 0;
    /// Packets per reason, indexed by Reason, summed over CPUs.
    virtual Result<std::vector<u64>> reasons() = 0;

    /// The kernel's jiffies64 now.
    virtual u64 now() = 0;
    /// Returns when no packet still works with configuration that was replaced before the call.
    virtual void settle() = 0;
};

} // namespace bpvs
