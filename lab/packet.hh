// One TCP/IPv4 packet as captured on an Ethernet: the fields that a walk compares.
#pragma once

#include "core/model/types.hh"

#include <array>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace bpvs::lab {

using Mac = std::array<u8, 6>;

struct Endpoint {
    Be32 addr{};
    Be16 port{};
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// partial: the field holds the sum of the pseudo header only, as a stack leaves it to a device
/// that offers checksum offload (veth does, and nobody ever completes it).
enum class Sum : u8 { good, partial, bad };

struct Packet {
    Mac smac{}, dmac{};
    Endpoint source, destination;
    u8 tos = 0;
    u8 ttl = 0;
    u16 id = 0;
    u16 fragment = 0; ///< flags and offset, as on the wire
    u32 seq = 0;
    u32 ack = 0;
    u16 window = 0;
    u8 flags = 0;
    Sum ip_sum = Sum::good;
    Sum tcp_sum = Sum::good;
    std::vector<u8> options; ///< of TCP
    std::vector<u8> payload;
};

enum class Unparsed : u8 {
    not_tcp,   ///< another protocol: of no interest
    malformed, ///< claims to be TCP over IPv4, but lengths do not fit
};

/// `frame` is a whole Ethernet frame; padding after the IP packet is ignored.
std::expected<Packet, Unparsed> parse_packet(std::span<const u8> frame);

std::string to_string(const Mac& mac);
std::string to_string(Be32 addr);
std::string to_string(const Endpoint& e);
/// As tcpdump writes them: "S", "SA", "PA" …
std::string flag_letters(u8 flags);

} // namespace bpvs::lab
