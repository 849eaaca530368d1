#include "control/kernel/routes.hh"

#include <netlink/addr.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

namespace bpvs::kernel {

bool is_unicast(const Address& address) {
    nl_sock* s = nl_socket_alloc();
    nl_addr* dst = nl_addr_build(AF_INET, &address.word[0], sizeof address.word[0]);
    rtnl_route* route = nullptr;
    bool unicast = true; // also when there is no route yet
    if (s && dst && nl_connect(s, NETLINK_ROUTE) == 0 && rtnl_route_lookup(s, dst, &route) == 0 && route) {
        const int type = rtnl_route_get_type(route);
        unicast = type != RTN_BROADCAST && type != RTN_MULTICAST && type != RTN_ANYCAST;
        rtnl_route_put(route);
    }
    nl_addr_put(dst);
    nl_socket_free(s);
    return unicast;
}

} // namespace bpvs::kernel
