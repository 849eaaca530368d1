// Director: what ipvsadm does to a virtual server table, as a library. Every change is checked
// first, then seen by packets whole or not at all; on an error nothing has changed.
// Not thread safe; processes are serialised by the lock that open_director() takes.
#pragma once

#include "control/carried_out.hh"
#include "control/changes.hh"
#include "control/error.hh"
#include "control/specs.hh"
#include "control/store.hh"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bpvs {

/// Rates in units per second, rounded as IPVS shows them.
struct RateView {
    u64 cps = 0, in_pps = 0, out_pps = 0, in_bps = 0, out_bps = 0;
};

struct ServerView {
    ServerSpec spec;
    u32 active = 0, inactive = 0, persistent = 0;
    Counters counters{};
    RateView rates;
};

struct ServiceView {
    ServiceSpec spec;
    Counters counters{};
    RateView rates;
    std::vector<ServerView> servers; ///< newest first, as IPVS keeps them
};

struct ConnectionView {
    Family family;
    IpProto protocol;
    u32 fwmark; ///< of the service; 0: by address
    Address client, vip, dest;
    Be16 cport, vport, dport;
    State state;
    u32 seconds; ///< until it expires, rounded down
};

class Draft;
class Ledger;

/// Whoever changes things holds the director's lock, and called recover() after taking it: between the
/// two, a Director takes what it remembers of the tables for the truth.
class Director final : public Changes {
public:
    explicit Director(Store& store, UnicastCheck is_unicast = {}, const CarriedOut& carried_out = {});
    ~Director() override;
    Director(const Director&) = delete;
    Director(Director&&) = delete;
    Director& operator=(const Director&) = delete;
    Director& operator=(Director&&) = delete;

    // Each of these is one switch.
    Result<void> add_service(const ServiceSpec& spec) override;
    Result<void> edit_service(const ServiceSpec& spec) override;
    Result<void> delete_service(const ServiceName& name) override;
    Result<void> flush() override;
    Result<void> add_server(const ServiceName& service, const ServerSpec& spec) override;
    Result<void> edit_server(const ServiceName& service, const ServerSpec& spec) override;
    Result<void> delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) override;
    Result<void> zero(const std::optional<ServiceName>& service) override;
    Result<void> set_timeouts(const Timeouts& t) override;

    /// Changes that commit() makes take effect in one switch. One draft at a time, and nothing else meanwhile.
    Result<std::unique_ptr<Draft>> draft();
    /// no_room, system: nothing has changed. The draft is used up.
    Result<void> commit(Draft& draft);

    Timeouts timeouts() const;

    /// All services; in no particular order (ipvsadm sorts).
    Result<std::vector<ServiceView>> list() const;
    Result<ServiceView> find(const ServiceName& service) const;
    /// Shows every connection to `visit`, in the order of their slots, until it returns false.
    void each_connection(const std::function<bool(const ConnectionView&)>& visit) const;
    std::vector<ConnectionView> connections() const;

    /// Completes what a killed command left unfinished. Called when the lock is taken.
    Result<void> recover();

private:
    template <class Change>
    Result<void> alone(Change change);

    Store& store_;
    UnicastCheck is_unicast_;
    CarriedOut carried_out_;
    std::unique_ptr<Ledger> ledger_;
};

/// ipvsadm's name of a scheduler; nothing: IPVS has no such scheduler.
std::optional<Scheduler> scheduler_by_name(const std::string& name);
const char* scheduler_name(Scheduler s);
/// Of those that this version carries out.
std::vector<std::string> scheduler_names();

/// ipvsadm's name of a connection state ("ESTABLISHED").
const char* state_name(State s);

} // namespace bpvs
