// Routes: the kernel's FIB and neighbour tables as far as bpf_fib_lookup shows them to the packet path.
#pragma once

#include "core/pipeline/env.hh"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace bpvs::sim {

using Mac = std::array<u8, 6>;

struct Interface {
    u32 ifindex;
    Mac mac;
    u16 mtu;
};

/// An address and what it is an address of.
struct Host {
    Family family = Family::none;
    Address addr{};

    friend bool operator==(const Host&, const Host&) = default;
};

/// Where a prefix leads. `via` none: on the link itself.
struct Destination {
    enum class Kind { unicast, local, unreachable } kind;
    u32 ifindex = 0;
    Host via{};
};

class Routes {
public:
    void add_interface(const Interface& i) { interfaces_.push_back(i); }
    void add_route(const Host& prefix, u32 length, const Destination& to) {
        routes_.push_back({mask(prefix, length), length, to});
    }
    void set_mtu(u32 ifindex, u16 mtu) {
        if (Interface* i = find(ifindex))
            i->mtu = mtu;
    }
    /// nullopt: not resolved.
    void set_neighbour(u32 ifindex, const Host& addr, std::optional<Mac> mac) {
        std::erase_if(neighbours_, [&](const Neighbour& n) { return n.ifindex == ifindex && n.addr == addr; });
        if (mac)
            neighbours_.push_back({ifindex, addr, *mac});
    }

    Interface* find(u32 ifindex) {
        const auto it = std::ranges::find(interfaces_, ifindex, &Interface::ifindex);
        return it == interfaces_.end() ? nullptr : &*it;
    }

    /// In bpf_fib_lookup's order: route, MTU, next hop, neighbour.
    Route lookup(const RouteQuery& q) {
        Route r{RouteStatus::stack, {}, {}};
        const Prefix* best = longest_match({q.family, q.daddr});
        if (!best || best->to.kind != Destination::Kind::unicast)
            return r;
        const Interface* out = find(best->to.ifindex);
        if (!out)
            return r;
        r.egress.mtu = out->mtu;
        if (q.length > out->mtu) {
            r.status = RouteStatus::too_long;
            return r;
        }
        r.egress.ifindex = out->ifindex;
        const Host hop = best->to.via == Host{} ? Host{q.family, q.daddr} : best->to.via;
        r.next_hop = {static_cast<u32>(hop.family), hop.addr};
        const auto n = std::ranges::find_if(neighbours_, [&](const Neighbour& candidate) {
            return candidate.ifindex == out->ifindex && candidate.addr == hop;
        });
        if (n == neighbours_.end()) {
            r.status = RouteStatus::no_neighbour;
            return r;
        }
        std::ranges::copy(n->mac, r.egress.dmac);
        std::ranges::copy(out->mac, r.egress.smac);
        r.status = RouteStatus::ok;
        return r;
    }

    /// The first address that is this host's own on the link towards `to`.
    std::optional<Host> own_address(const Host& to) const {
        const Prefix* way = longest_match(to);
        for (const Prefix& own : routes_)
            if (way && own.to.kind == Destination::Kind::local && own.prefix.family == to.family) {
                const Prefix* link = longest_match(own.prefix, Destination::Kind::unicast);
                if (link && link->to.ifindex == way->to.ifindex)
                    return own.prefix;
            }
        return std::nullopt;
    }

private:
    struct Prefix {
        Host prefix;
        u32 length;
        Destination to;
    };
    struct Neighbour {
        u32 ifindex;
        Host addr;
        Mac mac;
    };

    static Host mask(Host h, u32 length) {
        for (Be32& word : h.addr.word) {
            const u32 bits = std::min(length, 32u);
            word = bits == 0 ? Be32{} : to_be32(from_be32(word) & (~0u << (32 - bits)));
            length -= bits;
        }
        return h;
    }

    const Prefix* longest_match(const Host& addr, std::optional<Destination::Kind> kind = {}) const {
        const Prefix* best = nullptr;
        for (const Prefix& p : routes_)
            if ((!kind || p.to.kind == *kind) && mask(addr, p.length) == p.prefix &&
                (!best || p.length >= best->length))
                best = &p; // of equal prefixes the one added last
        return best;
    }

    std::vector<Interface> interfaces_;
    std::vector<Prefix> routes_;
    std::vector<Neighbour> neighbours_;
};

} // namespace bpvs::sim
