// Draft: changes that take effect together. Every call is checked, in IPVS's order, against the table as the
// calls before it leave it, and nothing is written: Director::commit() makes one switch of it. A draft that is
// thrown away has changed nothing.
#pragma once

#include "control/carried_out.hh"
#include "control/changes.hh"
#include "control/ledger.hh"
#include "control/rotation.hh"

#include <unordered_map>
#include <vector>

namespace bpvs {

struct ServiceView;

/// A server's address: what tells it from the others of its service.
struct ServerName {
    Family family;
    Address addr;
    Be16 port;
    friend bool operator==(const ServerName&, const ServerName&) = default;
};

/// A service that a draft has to do with.
struct DraftService {
    std::optional<Service> before; ///< in force now
    std::vector<SetEntry> before_entries;

    bool there = false;   ///< the service exists in the draft; what follows is of that one
    bool changed = false; ///< differs from `before`
    bool anew = false;    ///< added by the draft, perhaps after being deleted: counts from zero
    bool rebuild = false; ///< needs a block of its own
    Service service{.id = no_id};
    std::vector<SetEntry> entries;
    std::vector<ServerName> servers; ///< of `entries`
    std::vector<u32> gone;           ///< records of the servers that the draft removed
    Turn turn;                       ///< where the walk stands after `picks` picks
    u64 picks = 0;
};

class Draft final : public Changes {
public:
    /// `ledger`: emptied when the draft is thrown away, as it knows of records that were taken for nothing.
    Draft(Store& store, std::unique_ptr<Ledger>& ledger, const UnicastCheck& is_unicast, const CarriedOut& carried_out);
    ~Draft() override;
    Draft(const Draft&) = delete;
    Draft(Draft&&) = delete;
    Draft& operator=(const Draft&) = delete;
    Draft& operator=(Draft&&) = delete;

    Result<void> add_service(const ServiceSpec& spec) override;
    Result<void> edit_service(const ServiceSpec& spec) override;
    Result<void> delete_service(const ServiceName& name) override;
    Result<void> flush() override;
    Result<void> add_server(const ServiceName& service, const ServerSpec& spec) override;
    Result<void> edit_server(const ServiceName& service, const ServerSpec& spec) override;
    Result<void> delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) override;
    Result<void> zero(const std::optional<ServiceName>& service) override;
    Result<void> set_timeouts(const Timeouts& t) override;

    /// The services as they would be, in no particular order, without counts.
    Result<std::vector<ServiceView>> preview() const;
    const std::optional<Timeouts>& timeouts() const { return timeouts_; } ///< 0: unchanged

private:
    friend class Commit;
    using Touched = std::unordered_map<ServiceKey, DraftService, KeyBytes, KeyBytes>;

    Result<DraftService*> touch(const ServiceKey& key);
    Result<DraftService*> existing(const ServiceName& name, const std::string& what);
    Result<u32> record_for(DraftService& s, const ServiceKey& key, const ServerSpec& spec);
    void servers_changed(DraftService& s, Entries before);
    static void remove(DraftService& s);
    ServerName name_of(u32 dest) const;

    Store& store_;
    std::unique_ptr<Ledger>& owner_;
    Ledger& ledger_;
    const UnicastCheck& is_unicast_;
    const CarriedOut& carried_out_;

    Touched touched_;
    bool flushed_ = false;                ///< services that are not in touched_ are deleted
    std::size_t count_;                   ///< of services in the draft
    std::unordered_map<u32, Dest> fresh_; ///< records to write
    bool zero_all_ = false;
    std::vector<ServiceKey> zeroed_;
    std::optional<Timeouts> timeouts_;
    bool taken_ = false; ///< the ledger holds something for this draft
};

} // namespace bpvs
