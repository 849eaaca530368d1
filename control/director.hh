// Director: what ipvsadm does to a virtual server table, as a library. Every change is checked
// first, then seen by packets whole or not at all; on an error nothing has changed.
// Not thread safe; processes are serialised by the lock that open_director() takes.
#pragma once

#include "control/carried_out.hh"
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

/// Seconds; the three values of ipvsadm --set.
struct Timeouts {
    u32 tcp, tcp_fin, udp;
};

/// Whether this host's routes take an address for unicast. Multicast, 0.0.0.0 and 255.255.255.255 are
/// never asked about; a subnet's broadcast address is the host's to know.
using UnicastCheck = std::function<bool(const Address&)>;

class Ledger;
struct Turn;

/// Whoever changes things holds the director's lock, and called recover() after taking it: between the
/// two, a Director takes what it remembers of the tables for the truth.
class Director {
public:
    explicit Director(Store& store, UnicastCheck is_unicast = {}, const CarriedOut& carried_out = {});
    ~Director();
    Director(const Director&) = delete;
    Director& operator=(const Director&) = delete;

    /// service_exists, unknown_scheduler, not_supported, no_room
    Result<void> add_service(const ServiceSpec& spec);
    /// no_service, unknown_scheduler, not_supported, no_room. Servers and counters stay.
    Result<void> edit_service(const ServiceSpec& spec);
    /// no_service. Connections stay until they expire, as in IPVS.
    Result<void> delete_service(const ServiceName& name);
    /// Deletes all services at once.
    Result<void> flush();

    /// no_service, server_exists, out_of_range, not_unicast, not_supported, no_room
    Result<void> add_server(const ServiceName& service, const ServerSpec& spec);
    Result<void> edit_server(const ServiceName& service, const ServerSpec& spec);
    Result<void> delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port);

    /// Zeroes the counters and rates of one service and its servers, or of all. no_service
    Result<void> zero(const std::optional<ServiceName>& service);

    Timeouts timeouts() const;
    /// Zero values are left unchanged. out_of_range
    Result<void> set_timeouts(const Timeouts& t);

    /// All services; in no particular order (ipvsadm sorts).
    Result<std::vector<ServiceView>> list() const;
    Result<ServiceView> find(const ServiceName& service) const;
    /// Shows every connection to `visit`, in the order of their slots, until it returns false.
    void each_connection(const std::function<bool(const ConnectionView&)>& visit) const;
    std::vector<ConnectionView> connections() const;

    /// Completes what a killed command left unfinished. Called when the lock is taken.
    Result<void> recover();

private:
    struct Found;
    using Entries = std::span<const SetEntry>;
    Result<Ledger*> ledger();
    Result<Found> find_for_change(const ServiceName& name, const std::string& what);
    Result<Service> with_set(const Service& service, Entries entries, const Turn& turn, u64 picks);
    Result<void> commit(const ServiceKey& key, const Service& service, u32 attached, u32 detached);
    std::unexpected<Error> abandon(Error error);
    Result<u32> record_for(const ServiceKey& key, const ServerSpec& spec);

    Store& store_;
    UnicastCheck is_unicast_;
    CarriedOut carried_out_;
    std::unique_ptr<Ledger> ledger_;
};

constexpr u32 max_weight = 2147483647;
constexpr u32 max_timeout = 2678400; ///< seconds: 31 days

/// ipvsadm's name of a scheduler; nothing: IPVS has no such scheduler.
std::optional<Scheduler> scheduler_by_name(const std::string& name);
const char* scheduler_name(Scheduler s);
/// Of those that this version carries out.
std::vector<std::string> scheduler_names();

/// ipvsadm's name of a connection state ("ESTABLISHED").
const char* state_name(State s);

} // namespace bpvs
