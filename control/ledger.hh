// Ledger: what of the director's tables is in use, as one holder of the lock knows it.
//
// It is read from the store once and then kept up to date, so that loading a file of ten thousand
// services does not read the tables ten thousand times. What was replaced or removed is not handed out
// again before Store::settle(): packets may still be reading it.
#pragma once

#include "control/error.hh"
#include "control/free_space.hh"
#include "control/specs.hh"
#include "control/store.hh"

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bpvs {

/// Keys of maps have no padding: they are their bytes.
struct KeyBytes {
    static std::string_view of(const ServiceKey& k) { return {reinterpret_cast<const char*>(&k), sizeof k}; }
    std::size_t operator()(const ServiceKey& k) const { return std::hash<std::string_view>{}(of(k)); }
    bool operator()(const ServiceKey& a, const ServiceKey& b) const { return of(a) == of(b); }
};

class Ledger {
public:
    /// system: the tables contradict themselves.
    static Result<std::unique_ptr<Ledger>> load(Store& store);

    ServiceKey key(const ServiceName& name) const;
    /// Void after the next placed() or erased().
    const Service* find(const ServiceKey& key) const;
    using Services = std::vector<std::pair<ServiceKey, Service>>;
    const Services& services() const { return services_; }

    /// All three: no_room. What is taken but not put to use comes back when the ledger is loaded again.
    Result<u32> take_words(u32 count);
    /// Room for many blocks in one piece, if there is.
    std::optional<u32> take_together(u64 words);
    Result<u32> take_service_id();
    Result<u32> take_dest_id();

    /// The record of a server removed from this service, or of the same service before it was deleted.
    std::optional<u32> removed_server(const Dest& identity) const;
    std::vector<u32> removed_servers(const ServiceKey& service) const;

    void placed(const ServiceKey& key, const Service& service);
    void erased(const ServiceKey& key);
    void listed(u32 dest);
    void unlisted(u32 dest);

private:
    explicit Ledger(Store& store);
    Result<void> read_services();
    void read_dests();
    void settle();
    void retire_block(const Service& service);
    bool dest_is_free(u32 id) const;
    void forget_removed(u32 dest);

    static constexpr u32 not_there = ~0U;
    u32 position_of(const ServiceKey& key) const; ///< in services_

    Store& store_;
    Services services_; ///< in no particular order
    /// Where they are, from a few questions on: for one change of ten thousand services it does not pay.
    mutable std::unordered_map<ServiceKey, u32, KeyBytes, KeyBytes> positions_;
    mutable u32 questions_ = 0;
    FreeSpace words_;
    std::vector<bool> service_ids_;                                                ///< in use, or not settled
    std::vector<bool> dest_listed_;                                                ///< by a service
    std::vector<bool> dest_retired_;                                               ///< not settled
    std::unordered_map<ServiceKey, std::vector<u32>, KeyBytes, KeyBytes> removed_; ///< by service, generation 0
    u32 next_service_ = 0;                                                         ///< no free id below
    u32 next_dest_ = 0;

    bool settled_ = false; ///< nothing was replaced since the last settle, as far as we know
    std::vector<std::pair<u32, u32>> retired_blocks_;
    std::vector<u32> retired_services_;
    std::vector<u32> retired_dests_;
};

/// The service that a destination's record belongs to; without generation.
ServiceKey service_of(const Dest& dest);

/// How many connections count on a destination.
u64 connections_on(const Dest& dest);

} // namespace bpvs
