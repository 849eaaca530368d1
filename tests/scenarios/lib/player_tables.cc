// The other half of a scenario: what the director says about itself.
#include "tests/scenarios/lib/commands.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace bpvs::scenario {

namespace {

struct Numbers {
    Counters counters{};
    u32 active = 0, inactive = 0, weight = 0, persistent = 0;
};

Numbers numbers_of(const ServiceView& service) {
    Numbers n{.counters = service.counters};
    for (const ServerView& s : service.servers) {
        n.active += s.active;
        n.inactive += s.inactive;
        n.persistent += s.persistent;
    }
    return n;
}

Numbers numbers_of(const ServiceView& service, const std::string& server) {
    const ServiceName as_name = parse_service("tcp", server);
    const auto it = std::ranges::find_if(service.servers, [&](const ServerView& s) {
        return s.spec.addr == as_name.vip && s.spec.port == as_name.vport;
    });
    if (it == service.servers.end())
        throw Wrong(fmt::format("the service has no server {}", server));
    return {it->counters, it->active, it->inactive, it->spec.weight, it->persistent};
}

template <class T>
void must_be(const std::string& what, const T& expected, const T& got) {
    if (expected != got)
        throw Wrong(fmt::format("expected: {} {}\n      got:      {} {}", what, expected, what, got));
}

template <class T>
T must_work(Result<T> result) {
    if (!result)
        throw Wrong(result.error().message);
    return std::move(*result);
}

std::string conn_text(const ConnectionView& c) {
    return fmt::format("{} {}:{} {}:{} {}:{} {} expires {}",
                       c.protocol == IpProto::tcp   ? "tcp"
                       : c.protocol == IpProto::udp ? "udp"
                                                    : "sctp",
                       address_name({c.family, c.client}), from_be16(c.cport), address_name({c.family, c.vip}),
                       from_be16(c.vport), address_name({c.family, c.dest}), from_be16(c.dport), state_name(c.state),
                       c.seconds);
}

} // namespace

/// PROTOCOL SERVICE [> SERVER] then any of: conns N, in PACKETS/BYTES, out PACKETS/BYTES, active N, inactive N, weight
/// N, persistent N
void Player::expect_counters(const Words& words) {
    const ServiceName name = parse_service(words.at(0), words.at(1));
    Numbers n;
    std::size_t at = 2;
    const bool counters = std::ranges::any_of(
        words, [](const std::string& w) { return w == "conns" || w == "in" || w == "out" || w == "persistent"; });
    const std::vector<ServiceView> all = must_work(bench_.services(counters));
    const auto service = std::ranges::find(all, name, [](const ServiceView& s) { return s.spec.name; });
    if (service == all.end())
        throw Wrong(fmt::format("there is no service {} {}", words[0], words[1]));
    if (at < words.size() && words[at] == ">") {
        n = numbers_of(*service, words.at(at + 1));
        at += 2;
    } else {
        n = numbers_of(*service);
    }
    const std::map<std::string, std::string> got{
        {"conns", fmt::format("{}", n.counters.conns)},
        {"in", fmt::format("{}/{}", n.counters.in_packets, n.counters.in_bytes)},
        {"out", fmt::format("{}/{}", n.counters.out_packets, n.counters.out_bytes)},
        {"active", fmt::format("{}", n.active)},
        {"inactive", fmt::format("{}", n.inactive)},
        {"weight", fmt::format("{}", n.weight)},
        {"persistent", fmt::format("{}", n.persistent)},
    };
    for (; at < words.size(); at += 2)
        must_be(words[at], words.at(at + 1), got.at(words[at]));
}

/// PROTOCOL CLIENT VIRTUAL [DESTINATION STATE [expires SECONDS]]
void Player::expect_conn(const Words& words, bool present) {
    const ServiceName client = parse_service(words.at(0), words.at(1));
    const ServiceName service = parse_service(words.at(0), words.at(2));
    std::vector<ConnectionView> all = must_work(bench_.connections());
    std::erase_if(all, [&](const ConnectionView& c) {
        return c.protocol != client.protocol || c.client != client.vip || c.cport != client.vport ||
               c.vip != service.vip || c.vport != service.vport;
    });
    must_be("connections of this client port", present ? std::size_t{1} : std::size_t{0}, all.size());
    if (!present)
        return;
    const ConnectionView& c = all.front();
    const ServiceName dest = parse_service(words.at(0), words.at(3));
    const bool same = c.dest == dest.vip && c.dport == dest.vport && words.at(4) == state_name(c.state);
    // A connection that was just used reads its full timeout or a second less.
    const u32 expires = words.size() > 6 && words[5] == "expires" ? parse_number<u32>(words[6]) : c.seconds;
    if (!same || c.seconds > expires || c.seconds + 1 + std::ceil(bench_.time_lost()) < expires)
        throw Wrong(fmt::format("got:      {}", conn_text(c)));
}

/// NUMBER
void Player::expect_conns(const Words& words) {
    std::vector<ConnectionView> all = must_work(bench_.connections());
    if (all.size() == parse_number<u32>(words.at(0)))
        return;
    std::string text = fmt::format("got:      {}", all.size());
    for (const ConnectionView& c : all)
        text += "\n        " + conn_text(c);
    throw Wrong(text);
}

/// NAME NUMBER
void Player::expect_reason(const Words& words) {
    u32 index = 0;
    while (index < static_cast<u32>(Reason::count) && words.at(0) != reason_name(static_cast<Reason>(index)))
        index++;
    if (index == static_cast<u32>(Reason::count))
        throw Wrong(fmt::format("there is no reason '{}'", words[0]));
    if (const auto got = must_work(bench_.packets(static_cast<Reason>(index))))
        must_be("packets", parse_number<u64>(words.at(1)), *got);
}

} // namespace bpvs::scenario
