#include "cli/bpvs/status_text.hh"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace bpvs::cli {
namespace {

DirectorStatus up() {
    DirectorStatus s;
    s.up = true;
    s.version = "0.1.0";
    s.pin_path = "/some/where";
    s.interfaces = {{"eth0", 2, "tc", ""}, {"lo", 1, "", "a loopback interface"}};
    s.connections_live = 3;
    s.connections_held = 2;
    s.connections_max = 1000;
    s.services = 1;
    s.reasons = {{Reason::table_full, 7}, {Reason::inert, 0}};
    return s;
}

TEST(StatusText, names_interfaces_and_the_reasons_that_packets_met) {
    const std::string text = status_text(up());
    EXPECT_NE(text.find("connections: 3 of 1000, 2 ended and held\n"), std::string::npos) << text;
    EXPECT_NE(text.find("eth0: attached at tc\n"), std::string::npos) << text;
    EXPECT_NE(text.find("lo: not attached: a loopback interface\n"), std::string::npos) << text;
    EXPECT_NE(text.find("new connection refused: the connection table is full"), std::string::npos) << text;
    EXPECT_EQ(text.find("inert"), std::string::npos) << "reasons without packets are left out";
}

TEST(StatusText, says_when_no_director_is_up) {
    EXPECT_EQ(status_text({}), "director: not up in this network namespace\n");
}

TEST(StatusJson, is_as_its_page_shows) {
    DirectorStatus status = up();
    status.pin_path = "/run/bpvs/bpf/4026531840";
    status.xdp = {.finished = 912844, .left = 312};
    status.interfaces = {{"eth0", 2, "xdp", ""}, {"eth1", 3, "tc", ""}, {"lo", 1, "", "a loopback interface"}};
    status.connections_max = 262144;
    status.services_max = 32768;
    status.servers_max = 262144;
    status.memory = u64{180} << 20;
    status.reasons.pop_back();
    std::ifstream page(BPVS_SOURCE_DIR "/docs/json.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const std::string command = "$ bpvs status --json\n";
    const auto begin = text.find(command) + command.size();
    ASSERT_LT(begin, text.size());
    const auto shown = nlohmann::ordered_json::parse(text.substr(begin, text.find("```", begin) - begin));
    EXPECT_EQ(nlohmann::ordered_json::parse(status_json(status)).dump(2), shown.dump(2));
}

TEST(StatusJson, has_the_same_members_without_a_director) {
    auto down = nlohmann::ordered_json::parse(status_json({}));
    const auto as_up = nlohmann::ordered_json::parse(status_json(up()));
    EXPECT_FALSE(down.at("up"));
    for (const auto& [name, value] : as_up.items())
        EXPECT_TRUE(down.contains(name)) << name;
    EXPECT_TRUE(down.at("connections").is_null());
}

} // namespace
} // namespace bpvs::cli
