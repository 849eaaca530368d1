// Changes: what can be done to a virtual server table. Director makes each call take effect by itself, Draft
// collects calls that take effect together.
#pragma once

#include "control/error.hh"
#include "control/specs.hh"

#include <functional>
#include <optional>

namespace bpvs {

/// Seconds; the three values of ipvsadm --set.
struct Timeouts {
    u32 tcp, tcp_fin, udp;
};

/// Whether this host's routes take an address for unicast. Multicast, 0.0.0.0 and 255.255.255.255 are
/// never asked about; a subnet's broadcast address is the host's to know.
using UnicastCheck = std::function<bool(const Address&)>;

class Changes {
public:
    virtual ~Changes() = default;

    /// service_exists, unknown_scheduler, not_supported, no_room
    virtual Result<void> add_service(const ServiceSpec& spec) = 0;
    /// no_service, unknown_scheduler, not_supported, no_room. Servers and counters stay.
    virtual Result<void> edit_service(const ServiceSpec& spec) = 0;
    /// no_service. Connections stay until they expire, as in IPVS.
    virtual Result<void> delete_service(const ServiceName& name) = 0;
    /// Deletes all services at once.
    virtual Result<void> flush() = 0;

    /// no_service, server_exists, out_of_range, not_unicast, not_supported, no_room
    virtual Result<void> add_server(const ServiceName& service, const ServerSpec& spec) = 0;
    /// no_service, no_server, out_of_range, not_supported, no_room
    virtual Result<void> edit_server(const ServiceName& service, const ServerSpec& spec) = 0;
    /// no_service, no_server
    virtual Result<void> delete_server(const ServiceName& service, Family family, const Address& addr, Be16 port) = 0;

    /// Zeroes the counters and rates of one service and its servers, or of all. no_service
    virtual Result<void> zero(const std::optional<ServiceName>& service) = 0;
    /// Zero values are left unchanged. out_of_range
    virtual Result<void> set_timeouts(const Timeouts& t) = 0;

protected:
    Changes() = default;
    Changes(const Changes&) = default;
    Changes(Changes&&) = default;
    Changes& operator=(const Changes&) = default;
    Changes& operator=(Changes&&) = default;
};

constexpr u32 max_weight = 2147483647;
constexpr u32 max_timeout = 2678400; ///< seconds: 31 days

} // namespace bpvs
