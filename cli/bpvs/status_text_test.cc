#include "cli/bpvs/status_text.hh"

#include <gtest/gtest.h>
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
    s.connections_max = 1000;
    s.services = 1;
    s.reasons = {{Reason::table_full, 7}, {Reason::inert, 0}};
    return s;
}

TEST(StatusText, names_interfaces_and_the_reasons_that_packets_met) {
    const std::string text = status_text(up());
    EXPECT_NE(text.find("connections: 3 of 1000\n"), std::string::npos) << text;
    EXPECT_NE(text.find("eth0: attached at tc\n"), std::string::npos) << text;
    EXPECT_NE(text.find("lo: not attached: a loopback interface\n"), std::string::npos) << text;
    EXPECT_NE(text.find("new connection refused: the connection table is full"), std::string::npos) << text;
    EXPECT_EQ(text.find("inert"), std::string::npos) << "reasons without packets are left out";
}

TEST(StatusText, says_when_no_director_is_up) {
    EXPECT_EQ(status_text({}), "director: not up in this network namespace\n");
}

TEST(StatusJson, has_every_number_of_the_text) {
    const auto json = nlohmann::json::parse(status_json(up()));
    EXPECT_TRUE(json["up"]);
    EXPECT_EQ(json["connections"]["max"], 1000);
    EXPECT_EQ(json["interfaces"][0]["hook"], "tc");
    EXPECT_EQ(json["packets"][0]["reason"], "table_full");
    EXPECT_EQ(json["packets"][0]["action"], "drop");
    EXPECT_EQ(json["packets"][0]["count"], 7);
}

} // namespace
} // namespace bpvs::cli
