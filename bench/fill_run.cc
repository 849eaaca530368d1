// bpvs-fill-run: fills the connection table of this network namespace's director, by test runs of its ingress program:
// one SYN to the service for each connection, each from another client address and port.
#include "bench/test_run.hh"
#include "core/net/headers.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <exception>

namespace {

using namespace bpvs;
using namespace bpvs::bench;

constexpr u32 first_client = 0x0b000001; // 11.0.0.1
constexpr u32 ports = 60000;

lab::Endpoint client(u32 n) { return {to_be32(first_client + n / ports), to_be16(static_cast<u16>(1024 + n % ports))}; }

/// How many were refused.
u32 fill(const std::string& outside, const lab::Endpoint& service, u32 connections) {
    const Interface at = interface_named(outside);
    const kernel::Fd ingress = pinned_program("bpvs_ingress");
    u32 refused = 0;
    for (u32 n = 0; n < connections; ++n) {
        const Run syn{make_tcp(at.mac, client(n), service, net::tcp::syn, 64), at.index};
        const u32 result = test_run(ingress.get(), syn, 1).result;
        refused += result == static_cast<u32>(TC_ACT_REDIRECT) ? 0 : 1;
    }
    return refused;
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app("Fills the connection table of this network namespace's director with connections to a service that "
                 "has a reachable server.",
                 "bpvs-fill-run");
    std::string outside = "eth0", service = "1.1.1.1:80";
    u32 connections = 1000000;
    app.add_option("--outside", outside, "the director's interface to the clients")->capture_default_str();
    app.add_option("--service", service, "ADDRESS:PORT, TCP")->capture_default_str();
    app.add_option("--connections", connections, "how many")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    const auto to = lab::parse_endpoint(service);
    if (!to)
        give_up(to.error());
    if (const u32 refused = fill(outside, *to, connections); refused > 0)
        give_up(fmt::format("{} of {} connections were not made; bpvs status tells why", refused, connections));
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "bpvs-fill-run: {}\n", error.what());
    return 1;
}
