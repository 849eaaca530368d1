#include "control/kernel/routes.hh"

#include <netlink/addr.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

namespace bpvs::kernel {

void Routes::Close::operator()(nl_sock* s) const { nl_socket_free(s); }

bool Routes::ask(const Address& address) {
    if (!socket_) {
        socket_.reset(nl_socket_alloc());
        if (socket_ && nl_connect(socket_.get(), NETLINK_ROUTE) != 0)
            socket_.reset();
    }
    nl_addr* dst = nl_addr_build(AF_INET, &address.word[0], sizeof address.word[0]);
    rtnl_route* route = nullptr;
    bool unicast = true; // also when there is no route yet
    if (socket_ && dst && rtnl_route_lookup(socket_.get(), dst, &route) == 0 && route) {
        const int type = rtnl_route_get_type(route);
        unicast = type != RTN_BROADCAST && type != RTN_MULTICAST && type != RTN_ANYCAST;
        rtnl_route_put(route);
    }
    nl_addr_put(dst);
    return unicast;
}

bool Routes::is_unicast(const Address& address) {
    const auto [it, asked] = known_.try_emplace(static_cast<u32>(address.word[0]), true);
    if (asked)
        it->second = ask(address);
    return it->second;
}

} // namespace bpvs::kernel
