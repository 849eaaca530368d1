#include "control/kernel/device.hh"

#include "control/kernel/fd.hh"
#include "control/kernel/release.hh"

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

namespace bpvs::kernel {

namespace {

// The netlink family `netdev`; the headers of Debian 12 are older than it.
constexpr u8 netdev_get = 1;
constexpr int netdev_ifindex = 1, netdev_xdp_features = 3, netdev_attributes = 4;

class Ethtool {
public:
    explicit Ethtool(const std::string& interface) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        interface.copy(request_.ifr_name, sizeof request_.ifr_name - 1);
    }

    template <class Command>
    bool ask(Command& command) {
        request_.ifr_data = reinterpret_cast<char*>(&command);
        return ioctl(socket_.get(), SIOCETHTOOL, &request_) == 0;
    }

    u32 value(u32 command) {
        ethtool_value v{.cmd = command, .data = 0};
        return ask(v) ? v.data : 0;
    }

private:
    Fd socket_;
    ifreq request_{};
};

/// Bridges, taps and the like name no bus.
bool is_bus(const std::string& name) { return !name.empty() && name != "N/A" && name != "tap" && name != "tun"; }

int note_features(nl_msg* message, void* all) {
    nlattr* attributes[netdev_attributes] = {};
    if (genlmsg_parse(nlmsg_hdr(message), 0, attributes, netdev_attributes - 1, nullptr) == 0 &&
        attributes[netdev_ifindex] && attributes[netdev_xdp_features])
        static_cast<std::map<u32, u64>*>(all)->emplace(nla_get_u32(attributes[netdev_ifindex]),
                                                       nla_get_u64(attributes[netdev_xdp_features]));
    return NL_OK;
}

} // namespace

std::map<u32, u64> xdp_features() {
    std::map<u32, u64> all;
    const std::unique_ptr<nl_sock, Release<nl_socket_free>> s(nl_socket_alloc());
    if (!s || genl_connect(s.get()) != 0)
        return all;
    const int family = genl_ctrl_resolve(s.get(), "netdev");
    if (family < 0)
        return all;
    const std::unique_ptr<nl_msg, Release<nlmsg_free>> question(nlmsg_alloc());
    if (!question || !genlmsg_put(question.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, netdev_get, 1))
        return all;
    nl_socket_modify_cb(s.get(), NL_CB_VALID, NL_CB_CUSTOM, note_features, &all);
    if (nl_send_auto(s.get(), question.get()) < 0 || nl_recvmsgs_default(s.get()) < 0)
        all.clear();
    return all;
}

Device device_of(const Interface& i, const std::map<u32, u64>& features) {
    Device d;
    Ethtool tool(i.name);
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    if (tool.ask(driver)) {
        d.driver = driver.driver;
        d.hardware = is_bus(driver.bus_info);
    }
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    if (tool.ask(channels))
        d.queues = channels.rx_count + channels.combined_count;
    d.gro = tool.value(ETHTOOL_GGRO) != 0;
    d.tso = tool.value(ETHTOOL_GTSO) != 0;
    const u32 flags = tool.value(ETHTOOL_GFLAGS);
    d.lro = (flags & ETH_FLAG_LRO) != 0;
    d.strips_vlans = (flags & ETH_FLAG_RXVLAN) != 0;
    if (const auto it = features.find(i.ifindex); it != features.end())
        d.xdp = it->second;
    return d;
}

} // namespace bpvs::kernel
