#include "cli/bpvsadm/privilege.hh"

#include <linux/capability.h>
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

} // namespace bpvs::cli
