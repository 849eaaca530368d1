#include "cli/bpvs/sysctl_text.hh"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

namespace bpvs::cli {
namespace {

Result<std::vector<Assignment>> read(const std::string& text) {
    std::istringstream in(text);
    return read_assignments(in, "10-lvs.conf");
}

std::string refused(const std::string& text) {
    const auto done = read(text);
    return done ? "" : done.error().message;
}

TEST(SysctlFile, gives_our_settings_and_passes_over_the_rest) {
    const auto all =
        read("# a director\n; of ours\n\n  net.ipv4.vs.sloppy_tcp = 1  \nnet.ipv4.ip_forward = 1\n"
             "net/ipv4/vs/drop_packet=3\r\nnet.core.somaxconn\nam_droprate\t=\t20\nnet.ipv4.vs.sync_threshold = 3\t50");
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 4u);
    EXPECT_EQ((*all)[0].name, "net.ipv4.vs.sloppy_tcp");
    EXPECT_EQ((*all)[1].name, "net/ipv4/vs/drop_packet");
    EXPECT_EQ((*all)[2].name, "am_droprate");
}

TEST(SysctlFile, with_a_wrong_line_names_file_line_and_what_is_wrong) {
    EXPECT_EQ(refused("sloppy_tcp=1\n\ndrop_entry = 4\n"),
              "10-lvs.conf:3: Cannot set drop_entry to \"4\": it takes a number from 0 to 3.");
    EXPECT_EQ(refused("net.ipv4.vs.sloppy = 1"),
              "10-lvs.conf:1: There is no setting \"sloppy\" in net.ipv4.vs; did you mean sloppy_sctp?");
    EXPECT_EQ(refused("sloppy_tcp"), "10-lvs.conf:1: \"sloppy_tcp\" is not NAME = VALUE.");
    EXPECT_NE(refused("conntrack = 1").find("is not carried out by this version because"), std::string::npos);
}

TEST(SysctlFile, passes_over_a_wrong_line_that_says_it_may_be_wrong) {
    const auto all = read("-net.ipv4.vs.conntrack = 1\n-net.ipv4.vs.sloppy_tcp = 1\n- nosuch = 1\n-drop_entry\n");
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 1u);
    EXPECT_EQ(all->front().name, "net.ipv4.vs.sloppy_tcp");
}

TEST(SysctlText, can_be_read_back) {
    std::vector<const SettingInfo*> all;
    for (const SettingInfo& s : settings_known())
        all.push_back(&s);
    Settings in_force = default_settings;
    in_force.am_droprate = 77;
    const std::string text = settings_text(all, in_force, false);
    EXPECT_NE(text.find("net.ipv4.vs.am_droprate = 77\n"), std::string::npos) << text;
    const auto again = read(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->size(), all.size());
    EXPECT_EQ(settings_text({*find_setting("am_droprate"), *find_setting("sync_threshold")}, in_force, true),
              "77\n3 50\n");
}

TEST(SysctlJson, is_as_its_page_shows_it) {
    std::ifstream page(BPVS_SOURCE_DIR "/docs/json.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const std::string command = "$ bpvs sysctl --json sloppy_tcp conntrack\n";
    const auto begin = text.find(command) + command.size();
    ASSERT_LT(begin, text.size());
    const auto shown = nlohmann::ordered_json::parse(text.substr(begin, text.find("```", begin) - begin));
    Settings in_force = default_settings;
    in_force.sloppy_tcp = 1;
    const std::string said = settings_json({*find_setting("sloppy_tcp"), *find_setting("conntrack")}, in_force);
    EXPECT_EQ(nlohmann::ordered_json::parse(said).dump(2), shown.dump(2));
}

} // namespace
} // namespace bpvs::cli
