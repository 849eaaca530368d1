// A director on tables in memory, and the packet path's part of scheduling: taking the next position.
#pragma once

#include "control/director.hh"
#include "sim/memory_store.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace bpvs {

inline constexpr Be16 http = to_be16(80);

constexpr Address address(u32 a, u32 b, u32 c, u32 d) { return address_v4(to_be32(a << 24 | b << 16 | c << 8 | d)); }
constexpr Address vip = address(1, 1, 1, 1);
constexpr Address rip(u32 n) { return address(172, 16, n >> 8, n & 0xff); }

inline ServiceName tcp(u16 port = 80) {
    return {.family = Family::v4, .protocol = IpProto::tcp, .vip = vip, .vport = to_be16(port)};
}
inline ServiceName udp(u16 port) {
    return {.family = Family::v4, .protocol = IpProto::udp, .vip = vip, .vport = to_be16(port)};
}
inline ServiceSpec service(const ServiceName& name, const std::string& scheduler = "rr") {
    return {.name = name, .scheduler = scheduler};
}
inline ServerSpec server(u32 n, u32 weight = 1) {
    return {.family = Family::v4, .addr = rip(n), .port = http, .method = Forward::masq, .weight = weight};
}

/// The destination id at the next position of the service's sequence, taken as a packet does.
inline u32 next_dest(sim::Tables& t, const Service& s) {
    if (s.cycle == 0)
        return no_id;
    const u64 p = (s.start + (t.cursors[s.id].picks++ - s.cursor_base)) % s.cycle;
    const u32* block = &t.words[s.set_offset];
    const auto segment = [&](u32 i) {
        const u32* w = block + std::size_t{s.entries} * set_entry_words + std::size_t{i} * segment_words;
        return Segment{w[0], w[1], w[2]};
    };
    u32 low = 0;
    for (u32 high = s.segments; high - low > 1;) {
        const u32 middle = (low + high) / 2;
        (segment(middle).first <= p ? low : high) = middle;
    }
    const Segment at = segment(low);
    return block[at.members + (p - at.first) % at.count];
}

#define OK(expression)                                                          \
    do {                                                                        \
        const auto result_ = (expression);                                      \
        ASSERT_TRUE(result_) << #expression << ": " << result_.error().message; \
    } while (false)

#define REFUSED(errc, expression)                                                       \
    do {                                                                                \
        const auto result_ = (expression);                                              \
        ASSERT_FALSE(result_) << #expression;                                           \
        EXPECT_EQ(result_.error().code, errc) << result_.error().message;               \
        EXPECT_TRUE(result_.error().message.ends_with('.')) << result_.error().message; \
    } while (false)

struct Lab {
    sim::Tables tables;
    sim::MemoryStore store{tables};
    Director director{store};

    explicit Lab(const sim::Sizes& sizes = {}) : tables(sizes) {}

    const Service& element(const ServiceName& name = tcp()) {
        for (const auto& [key, value] : tables.services)
            if (key.generation == tables.config.in_force.generation && key.vip == name.vip && key.vport == name.vport &&
                key.protocol == name.protocol)
                return value;
        ADD_FAILURE() << "no such service";
        static const Service none{};
        return none;
    }

    /// Record of a server, listed or not; no_id: there is none.
    u32 record(u32 n, const ServiceName& name = tcp()) const {
        const auto it = std::ranges::find_if(tables.dests, [&](const Dest& d) {
            return d.addr == rip(n) && d.vport == name.vport && d.vip == name.vip;
        });
        return it == tables.dests.end() ? no_id : static_cast<u32>(it - tables.dests.begin());
    }

    /// Number of the server that the next connection goes to; 0: none.
    u32 pick(const ServiceName& name = tcp()) {
        const u32 dest = next_dest(tables, element(name));
        if (dest == no_id)
            return 0;
        EXPECT_EQ(tables.dests[dest].service, element(name).id);
        return from_be32(tables.dests[dest].addr.word[0]) & 0xffff;
    }

    std::string picks(int count, const ServiceName& name = tcp()) {
        std::string digits;
        for (int i = 0; i < count; ++i)
            digits += std::to_string(pick(name));
        return digits;
    }

    /// Servers 1, 2, 3 … added in this order.
    void add(const std::string& scheduler, const std::vector<u32>& weights, const ServiceName& name = tcp()) {
        OK(director.add_service(service(name, scheduler)));
        u32 n = 0;
        for (u32 w : weights)
            OK(director.add_server(name, server(++n, w)));
    }
};

} // namespace bpvs
