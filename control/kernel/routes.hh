// Questions to the kernel's routing tables.
#pragma once

#include "core/model/types.hh"

#include <memory>
#include <unordered_map>

struct nl_sock;

namespace bpvs::kernel {

class Routes {
public:
    Routes() = default;
    /// False for IPv4 addresses that this host's routes treat as broadcast or multicast (a subnet's broadcast address).
    /// Each is asked about once, on one socket: a file has thousands.
    bool is_unicast(const Address& address);

private:
    struct Close {
        void operator()(nl_sock* s) const;
    };
    bool ask(const Address& address);

    std::unique_ptr<nl_sock, Close> socket_;
    std::unordered_map<u32, bool> known_; ///< by address
};

} // namespace bpvs::kernel
