#include "tests/scenarios/lib/wires.hh"

#include "tests/scenarios/lib/surroundings.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bpvs::scenario {

namespace {

constexpr int patience = 500; ///< milliseconds; a link that has just come up takes some
constexpr int attempts = 40;

[[noreturn]] void fail(const char* what) { throw Wrong(fmt::format("cannot {}: {}", what, std::strerror(errno))); }

int open_end(const std::string& interface) {
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (fd < 0)
        fail("open a packet socket");
    const int room = 1 << 26;
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
        fail("bind a packet socket");
    return fd;
}

/// No checksum is left to the interface's device: frames come out whole.
void sum_in_software(const std::string& interface) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ethtool_value value{.cmd = ETHTOOL_STXCSUM, .data = 0};
    ifreq request{};
    interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    const int error = ioctl(fd, SIOCETHTOOL, &request);
    close(fd);
    if (error)
        fail("switch checksums by the device off");
}

/// A datagram that the host routes from one side to the other.
Frame closing(const Topology& t, bool from_outside, u32 number) {
    const char* far[] = {"192.168.1.200:9", "10.31.255.254:9"};
    return arriving(fmt::format("udp {} > {} ttl 9 payload hex:{:08x}", far[!from_outside], far[from_outside], number),
                    t);
}

/// Its number, if a frame is such a datagram.
std::optional<u32> closing_number(const Frame& frame) {
    constexpr std::size_t payload = 14 + 20 + 8;
    const u8* l4 = frame.data() + 14 + 20;
    if (frame.size() != payload + 4 || frame[14 + 9] != 17 || l4[0] != 0 || l4[1] != 9 || l4[2] != 0 || l4[3] != 9)
        return std::nullopt;
    u32 number = 0;
    std::memcpy(&number, frame.data() + payload, sizeof number);
    return ntohl(number);
}

} // namespace

Wires::Wires(const Topology& topology) : topology_(topology) {
    for (const Link& link : topology.links) {
        const std::string peer = link.name + "-peer";
        sum_in_software(link.name);
        ends_.push_back({&link, open_end(peer), {}, false});
    }
}

Wires::~Wires() {
    for (const End& end : ends_)
        close(end.fd);
}

Wires::End& Wires::end_of(const Link& link) {
    for (End& end : ends_)
        if (end.link->name == link.name)
            return end;
    throw Wrong("a frame for a link that is not there");
}

void Wires::send(End& end, const Frame& frame, u32 mark) {
    if (setsockopt(end.fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0)
        fail("mark a packet");
    if (::send(end.fd, frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size()))
        fail("send a frame");
}

void Wires::receive(End& end) {
    Frame buffer(65536);
    for (;;) {
        const ssize_t n = recv(end.fd, buffer.data(), buffer.size(), 0);
        if (n < 0)
            return;
        const Frame frame(buffer.begin(), buffer.begin() + n);
        const bool is_ip =
            n > 34 && ((frame[12] == 0x08 && frame[13] == 0) || (frame[12] == 0x86 && frame[13] == 0xdd));
        if (!is_ip || frame[0] & 1)
            continue;
        if (const auto number = closing_number(frame))
            end.complete |= number == exchanges_;
        else
            end.seen.push_back({end.link, frame});
    }
}

void Wires::send_closing() {
    for (End& end : ends_)
        send(end, closing(topology_, end.link == &topology_.links.front(), exchanges_), 0);
}

std::vector<Seen> Wires::exchange(const std::vector<Arrival>& arrivals) {
    exchanges_++;
    for (End& end : ends_)
        end.complete = false;
    for (const Arrival& a : arrivals)
        send(end_of(*a.on), a.frame, a.mark);
    send_closing();
    std::vector<Seen> all;
    for (End& end : ends_) {
        pollfd ready{end.fd, POLLIN, 0};
        int failed = 0;
        for (receive(end); !end.complete; receive(end)) {
            if (poll(&ready, 1, patience) > 0)
                continue;
            if (++failed == attempts)
                throw Wrong("the host does not route: a datagram that only passes through did not come out");
            send_closing();
        }
        std::ranges::move(end.seen, std::back_inserter(all));
        end.seen.clear();
    }
    return all;
}

} // namespace bpvs::scenario
