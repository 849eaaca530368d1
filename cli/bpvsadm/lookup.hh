// Questions to the resolver, whose answers may take very long, asked side by side and given up in time.
#pragma once

#include "control/director.hh"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace bpvs::cli {

/// How long a listing waits for names in all. What has none by then is shown as a number.
constexpr std::chrono::milliseconds listing_patience{2000};
/// How long a command waits for the address of one name: long enough for a second name server to answer after a
/// first one that is dead (5 s by resolv.conf(5)).
constexpr std::chrono::milliseconds address_patience{10000};

using Question = std::function<std::string()>; ///< asked in a thread of its own; the empty answer: there is none

/// The answers that were given in time, in the order of the questions. Those that were not go on in the background and
/// must not refer to anything of the caller's.
std::vector<std::optional<std::string>> ask(std::vector<Question> questions, std::chrono::milliseconds patience);

/// Names of hosts and ports, learnt at once. An empty one knows none: everything is a number.
class Names {
public:
    /// Names of these services' addresses and ports and of their servers'.
    static Names of(const std::vector<ServiceView>& services, std::chrono::milliseconds patience = listing_patience);
    static Names of(const std::vector<ConnectionView>& connections,
                    std::chrono::milliseconds patience = listing_patience);

    /// nullptr: no name.
    const std::string* host(Family family, const Address& addr) const;
    const std::string* port(IpProto protocol, Be16 port) const;

    /// Questions that were given up; their answer is not known to be "no name".
    std::size_t unanswered() const { return unanswered_; }

private:
    using HostKey = std::tuple<Family, Be32, Be32, Be32, Be32>;
    using PortKey = std::tuple<IpProto, Be16>;
    using Hosts = std::map<HostKey, std::string>; ///< no name: the empty one
    using Ports = std::map<PortKey, std::string>;

    void want_host(Family family, const Address& addr);
    void want_port(IpProto protocol, Be16 port);
    void learn(std::chrono::milliseconds patience);

    Hosts hosts_;
    Ports ports_;
    std::vector<Hosts::iterator> host_order_; ///< first asked first
    std::size_t unanswered_ = 0;
};

/// The IPv4 address of a host name. Nothing: there is none, or no answer in time.
std::optional<Address> address_of(const std::string& host, std::chrono::milliseconds patience = address_patience);

} // namespace bpvs::cli
