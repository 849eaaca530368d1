// Packets as expressions: "tcp cip:40000 > vip:80 S ttl 63 payload 100B". A complete frame is computed
// from an expression, lengths and checksums included. tests/scenarios/README.md describes the language.
#pragma once

#include "sim/env.hh"
#include "tests/scenarios/lib/topology.hh"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpvs::scenario {

using sim::Frame;
using Bytes = std::vector<u8>;

struct Packet {
    enum class Kind { tcp, udp, sctp, icmp, ip, frame } kind = Kind::tcp;

    Host saddr{}, daddr{};
    u16 sport = 0, dport = 0;
    u8 protocol = 0;
    u8 ttl = 64, tos = 0;
    u16 id = 0x1234;
    u16 fragment = 0; ///< flags and offset as in the header
    Bytes ip_options, payload;

    u32 flow_label = 0;         ///< IPv6
    std::vector<u8> extensions; ///< IPv6: numbers of the extension headers, in their order

    u8 flags = 0; ///< TCP
    u32 seq = 1000, ack = 0;
    u16 window = 64240;
    Bytes tcp_options;

    u32 tag = 0x11223344; ///< SCTP
    Bytes chunks;

    u8 icmp_type = 0, icmp_code = 0;
    u32 icmp_rest = 0;             ///< second word of the header
    std::shared_ptr<Packet> about; ///< the packet that an ICMP error embeds
    std::size_t cut = 8;           ///< how much of it after its IP header

    std::optional<u32> sum;              ///< this transport checksum instead of the right one
    u16 sum_error = 0, ip_sum_error = 0; ///< added to the right one, in one's complement; SCTP: modulo 2
    std::optional<u16> total_length;     ///< this instead of the right one

    u16 ether_type = 0; ///< of a frame that is no packet
    std::optional<u16> vlan;
    std::optional<Mac> to; ///< destination MAC instead of the director's
    u32 mark = 0;          ///< not part of the frame: what an earlier program marked it with
};

/// Splits at blanks; parentheses are tokens, a quoted string is one.
std::vector<std::string> tokens_of(std::string_view line);
Packet parse_packet(const std::vector<std::string>& tokens);
inline Packet parse_packet(std::string_view text) { return parse_packet(tokens_of(text)); }

/// A number, decimal or 0x…, that fits T.
template <class T>
T parse_number(const std::string& text);

Bytes ip_packet(const Packet& p);
/// The frame as it comes to the director from where its source address is, or as the director sends it
/// towards its destination address.
Frame arriving(const Packet& p, const Topology& t = {});
Frame leaving(const Packet& p, const Topology& t = {});
inline Frame arriving(std::string_view text, const Topology& t = {}) { return arriving(parse_packet(text), t); }
inline Frame leaving(std::string_view text, const Topology& t = {}) { return leaving(parse_packet(text), t); }
/// The same packet under the MAC addresses of another frame.
Frame under_macs_of(const Frame& other, const Packet& p);

/// A frame as text, much like its expression, with what is wrong about it.
std::string describe(const Frame& frame);
/// Where two frames differ.
std::string difference(const Frame& expected, const Frame& got);

} // namespace bpvs::scenario
