// bpvs-walk: the packet walk of one VS/NAT connection, from six captures.
// Exit: 0 every hop is as it must be, 1 something differs, 2 the question cannot be answered.
#include "lab/capture.hh"
#include "lab/roles.hh"
#include "lab/walk.hh"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace {

using namespace bpvs::lab;

struct Arguments {
    Roles roles;
    std::vector<std::string> captures;
};

/// A required option whose text `parse` turns into `target`; CLI11 prints its sentence otherwise.
template <class T>
void add_role(CLI::App& app, const char* name, T& target, std::expected<T, std::string> (*parse)(const std::string&),
              const char* help) {
    const CLI::callback_t set = [&target, parse, name](const CLI::results_t& texts) {
        const auto value = parse(texts.front());
        if (!value)
            throw CLI::ValidationError(name, value.error());
        target = *value;
        return true;
    };
    app.add_option(name, set, help)->required()->type_name("");
}

void add_options(CLI::App& app, Arguments& arguments) {
    Roles& r = arguments.roles;
    add_role(app, "--cip", r.client, parse_endpoint, "the client's ADDRESS:PORT");
    add_role(app, "--vip", r.service, parse_endpoint, "the virtual service's ADDRESS:PORT");
    add_role(app, "--rip", r.real_server, parse_endpoint, "the real server's ADDRESS:PORT");
    add_role(app, "--client-mac", r.client_mac, parse_mac, "MAC of the client");
    add_role(app, "--gw-up-mac", r.gw_up_mac, parse_mac, "MAC of the gateway on the client's side");
    add_role(app, "--gw-down-mac", r.gw_down_mac, parse_mac, "MAC of the gateway on the director's side");
    add_role(app, "--vip-mac", r.vip_mac, parse_mac, "MAC of the director's interface with the VIP");
    add_role(app, "--dip-mac", r.dip_mac, parse_mac, "MAC of the director's interface with the DIP");
    add_role(app, "--rs-mac", r.rs_mac, parse_mac, "MAC of the real server");
    app.add_option("captures", arguments.captures,
                   "six pcap files: 1 client to gateway, 2 gateway to director, 3 director to real server, "
                   "4 real server to director, 5 director to gateway, 6 gateway to client")
        ->required()
        ->expected(hop_count);
}

int run(const Arguments& arguments) {
    std::array<Capture, hop_count> captures;
    for (std::size_t i = 0; i < hop_count; ++i) {
        auto capture = read_capture(arguments.captures[i]);
        if (!capture) {
            fmt::print(stderr, "bpvs-walk: hop {}: {}\n", i + 1, capture.error());
            return 2;
        }
        captures[i] = std::move(*capture);
    }
    const Walk walk = check_walk(captures, arguments.roles);
    fmt::print("{}", describe(walk, arguments.roles));
    return walk.ok() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app("Prints and checks the six hops of one VS/NAT connection.", "bpvs-walk");
    Arguments arguments;
    add_options(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return run(arguments);
} catch (const std::exception& error) {
    std::fprintf(stderr, "bpvs-walk: %s\n", error.what());
    return 2;
}
