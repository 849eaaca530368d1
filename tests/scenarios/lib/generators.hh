// Random packets for property tests.
#pragma once

#include "tests/scenarios/lib/packet.hh"

#include <rapidcheck.h>

#include <cstdlib>

namespace bpvs::scenario {

/// Packets are cheap: more of them than rapidcheck's hundred, unless RC_PARAMS says how many.
inline const int many_packets = setenv("RC_PARAMS", "max_success=3000", 0);

/// Any address of a family.
inline Host any_host(Family family) {
    Host h{family, {}};
    for (Be32& word : h.addr.word) {
        word = static_cast<Be32>(*rc::gen::arbitrary<u32>());
        if (family == Family::v4)
            break;
    }
    return h;
}
inline Family any_family() { return *rc::gen::element(Family::v4, Family::v6); }

/// A sound TCP, UDP or SCTP packet between two endpoints, everything else about it arbitrary.
inline Packet any_packet(const Host& saddr, u16 sport, const Host& daddr, u16 dport) {
    Packet p;
    p.kind = *rc::gen::element(Packet::Kind::tcp, Packet::Kind::udp, Packet::Kind::sctp);
    p.protocol = p.kind == Packet::Kind::tcp ? 6 : p.kind == Packet::Kind::udp ? 17 : 132;
    p.saddr = saddr;
    p.sport = sport;
    p.daddr = daddr;
    p.dport = dport;
    p.ttl = *rc::gen::inRange<u8>(2, 255);
    p.tos = *rc::gen::arbitrary<u8>();
    p.id = *rc::gen::arbitrary<u16>();
    p.fragment = *rc::gen::element<u16>(0, net::ipv4::dont_fragment);
    p.flags = *rc::gen::arbitrary<u8>();
    p.seq = *rc::gen::arbitrary<u32>();
    p.ack = *rc::gen::arbitrary<u32>();
    p.window = *rc::gen::arbitrary<u16>();
    p.payload.resize(*rc::gen::inRange<std::size_t>(0, 1400));
    for (u8& b : p.payload)
        b = static_cast<u8>(p.seq = p.seq * 1664525u + 1013904223u);
    if (p.kind == Packet::Kind::sctp)
        p.chunks = {*rc::gen::inRange<u8>(0, 16), 0, 0, *rc::gen::inRange<u8>(0, 16)};
    if (p.kind == Packet::Kind::tcp)
        for (u32 n = *rc::gen::inRange<u32>(0, 10); n > 0; n--)
            p.tcp_options.insert(p.tcp_options.end(), {1, 1, 1, 1}); // no-operation
    return p;
}

} // namespace bpvs::scenario
