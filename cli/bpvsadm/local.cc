#include "cli/bpvsadm/local.hh"

#include <cerrno>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bpvs::cli {

bool may_administer() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return (data[0].effective & (1u << CAP_NET_ADMIN)) != 0;
}

/// The kernel knows: connecting a UDP socket to a broadcast address without SO_BROADCAST is refused
/// with EACCES, and sends nothing.
bool is_broadcast(const ServerSpec& server) {
    if (server.family != Family::v4)
        return false;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    sockaddr_in sa{};
    sa.sin_family = AF_INET;
    sa.sin_port = static_cast<in_port_t>(to_be16(9));
    sa.sin_addr.s_addr = static_cast<in_addr_t>(server.addr.word[0]);
    const bool refused = connect(fd, reinterpret_cast<const sockaddr*>(&sa), sizeof sa) != 0 && errno == EACCES;
    close(fd);
    return refused;
}

} // namespace bpvs::cli
