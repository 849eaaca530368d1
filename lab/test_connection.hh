// For tests: the packets of a short connection at each hop, as a right director would send them, and
// ways to break one thing at one hop.
#pragma once

#include "lab/roles.hh"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bpvs::lab::test {

using Bytes = std::vector<u8>;

inline Roles roles() {
    return {.client = *parse_endpoint("192.168.1.1:40000"),
            .service = *parse_endpoint("1.1.1.1:80"),
            .real_server = *parse_endpoint("172.16.1.2:8080"),
            .client_mac = *parse_mac("02:00:00:00:c1:00"),
            .gw_up_mac = *parse_mac("02:00:00:00:fe:00"),
            .gw_down_mac = *parse_mac("02:00:00:00:fe:01"),
            .vip_mac = *parse_mac("02:00:00:00:d0:00"),
            .dip_mac = *parse_mac("02:00:00:00:d0:01"),
            .rs_mac = *parse_mac("02:00:00:00:a0:02")};
}

constexpr u8 fin = 1, syn = 2, push = 8, ack_flag = 16;

/// What to put on the wire; checksums are computed last, so that a broken field keeps them right.
struct Spec {
    Mac smac{}, dmac{};
    Endpoint source, destination;
    u8 ttl = 64;
    u16 id = 0;
    u8 flags = 0;
    u32 seq = 0, ack = 0;
    Bytes options;
    std::string payload;
    bool partial = false;
    int spoil_ip_sum = 0, spoil_tcp_sum = 0;
};

inline void put16(Bytes& b, std::size_t at, unsigned v) {
    b[at] = static_cast<u8>(v >> 8);
    b[at + 1] = static_cast<u8>(v);
}

inline void put32(Bytes& b, std::size_t at, u32 v) {
    put16(b, at, v >> 16);
    put16(b, at + 2, v & 0xffff);
}

inline unsigned sum_of(const Bytes& b, std::size_t from, std::size_t to) {
    unsigned sum = 0;
    for (std::size_t i = from; i < to; ++i)
        sum += (i - from) % 2 == 0 ? static_cast<unsigned>(b[i]) << 8 : b[i];
    return sum;
}

inline unsigned fold(unsigned sum) { return sum % 0xffff == 0 && sum != 0 ? 0xffff : sum % 0xffff; }

inline Bytes frame_of(const Spec& s) {
    const std::size_t tcp = 14 + 20;
    Bytes b(tcp + 20 + s.options.size() + s.payload.size(), 0);
    std::copy(s.payload.begin(), s.payload.end(), std::copy(s.options.begin(), s.options.end(), b.begin() + tcp + 20));
    std::copy(s.dmac.begin(), s.dmac.end(), b.begin());
    std::copy(s.smac.begin(), s.smac.end(), b.begin() + 6);
    put16(b, 12, 0x0800);
    b[14] = 0x45;
    put16(b, 16, static_cast<unsigned>(b.size() - 14));
    put16(b, 18, s.id);
    put16(b, 20, 0x4000);
    b[22] = s.ttl;
    b[23] = 6;
    put32(b, 26, from_be32(s.source.addr));
    put32(b, 30, from_be32(s.destination.addr));
    put16(b, 24, (~fold(sum_of(b, 14, tcp)) + static_cast<unsigned>(s.spoil_ip_sum)) & 0xffff);
    put16(b, tcp, from_be16(s.source.port));
    put16(b, tcp + 2, from_be16(s.destination.port));
    put32(b, tcp + 4, s.seq);
    put32(b, tcp + 8, s.ack);
    b[tcp + 12] = static_cast<u8>((20 + s.options.size()) / 4 << 4);
    b[tcp + 13] = s.flags;
    put16(b, tcp + 14, 64240);
    const unsigned pseudo = sum_of(b, 26, 34) + 6 + static_cast<unsigned>(b.size() - tcp);
    const unsigned sum = s.partial ? fold(pseudo) : ~fold(pseudo + sum_of(b, tcp, b.size()));
    put16(b, tcp + 16, (sum + static_cast<unsigned>(s.spoil_tcp_sum)) & 0xffff);
    return b;
}

/// The packets of a short connection; hop-independent fields only.
inline std::vector<std::pair<bool, Spec>> conversation() {
    const auto packet = [](u8 flags, u32 seq, u32 ack, u16 id, std::string payload = {}, Bytes options = {}) {
        Spec s;
        s.flags = flags;
        s.seq = seq;
        s.ack = ack;
        s.id = id;
        s.payload = std::move(payload);
        s.options = std::move(options);
        return s;
    };
    const Bytes mss{2, 4, 5, 180};
    return {
        {true, packet(syn, 1000, 0, 0x4737, "", mss)},
        {false, packet(syn | ack_flag, 7000, 1001, 0, "", mss)},
        {true, packet(ack_flag, 1001, 7001, 0x4738)},
        {true, packet(push | ack_flag, 1001, 7001, 0x4739, "GET /")},
        {false, packet(push | ack_flag, 7001, 1006, 0x63e0, "RS2")},
        {true, packet(fin | ack_flag, 1006, 7004, 0x473a)},
        {false, packet(fin | ack_flag, 7004, 1007, 0x63e1)},
    };
}

/// Changes or (false) drops a packet at a hop, 1 to 6.
using Break = std::function<bool(std::size_t hop, Spec&)>;
using Frames = std::array<std::vector<Bytes>, hop_count>;

/// Hops 1 and 6 are one wire, as are 2 and 5, 3 and 4: their captures hold both directions.
inline Frames capture_connection(const Break& broken) {
    const Roles r = roles();
    Frames frames;
    for (const auto& [request, spec] : conversation())
        for (std::size_t i = 0; i < hops_each_way; ++i) {
            const std::size_t hop = (request ? 0 : hops_each_way) + i;
            Spec s = spec;
            s.source = r.*walk_rules[hop].source;
            s.destination = r.*walk_rules[hop].destination;
            s.smac = r.*walk_rules[hop].smac;
            s.dmac = r.*walk_rules[hop].dmac;
            s.ttl = static_cast<u8>(64 - i);
            if (!broken(hop + 1, s))
                continue;
            frames[hop].push_back(frame_of(s));
            frames[hop_count - 1 - hop].push_back(frame_of(s));
        }
    return frames;
}

inline bool nothing(std::size_t, Spec&) { return true; }

/// Breaks `change` into the first packet (SYN or SYN-ACK) at one hop.
inline Break at(std::size_t hop, const std::function<void(Spec&)>& change) {
    return [=](std::size_t h, Spec& s) {
        if (h == hop && (s.flags & syn) != 0)
            change(s);
        return true;
    };
}

} // namespace bpvs::lab::test
