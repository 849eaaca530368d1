#include "cli/bpvs/mark_text.hh"
#include "control/names.hh"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace bpvs::cli {
namespace {

std::string parsed(const MarkWords& words) {
    const auto rule = parse_mark_rule(words);
    return rule ? to_text(*rule) : "refused: " + rule.error().message;
}

TEST(MarkRules, are_written_as_for_iptables) {
    EXPECT_EQ(parsed({"tcp", "10.0.0.0/24", "80:90", "5"}), "-p tcp -d 10.0.0.0/24 --dport 80:90 --set-mark 5");
    EXPECT_EQ(parsed({"udp", "10.0.0.1", "53", "0x10"}), "-p udp -d 10.0.0.1/32 --dport 53 --set-mark 16");
    EXPECT_EQ(parsed({"sctp", "10.0.0.1", "", "5"}), "-p sctp -d 10.0.0.1/32 --set-mark 5");
    EXPECT_EQ(parsed({"132", "", "9", "5"}), "-p sctp --dport 9 --set-mark 5");
    EXPECT_EQ(parsed({"all", "", "", "0x5/0xffffffff"}), "--set-mark 5");
    EXPECT_EQ(parsed({"6", "2001:db8::/33", ":9", "4294967295"}),
              "-p tcp -d 2001:db8::/33 --dport 0:9 --set-mark 4294967295");
    EXPECT_EQ(parsed({"17", "", "1000:", "7", true}), "-p udp -6 --dport 1000:65535 --set-mark 7");
}

TEST(MarkRules, lose_the_host_part_of_their_destination) {
    EXPECT_EQ(parsed({"", "10.1.2.3/12", "", "1"}), "-d 10.0.0.0/12 --set-mark 1");
    EXPECT_EQ(parsed({"", "2001:db8:ffff::1/33", "", "1"}), "-d 2001:db8:8000::/33 --set-mark 1");
    EXPECT_EQ(parsed({"", "10.1.2.3/0", "", "1"}), "--set-mark 1");
}

TEST(MarkRules, that_are_wrong_are_refused_with_a_sentence) {
    const MarkWords right{"tcp", "10.0.0.0/24", "80", "5"};
    const auto refused = [](const MarkWords& words) {
        const std::string text = parsed(words);
        EXPECT_TRUE(text.starts_with("refused: ") && text.ends_with('.')) << text;
    };
    for (const char* protocol : {"icmp", "stcp", "TCP", "300", "-1"})
        refused({protocol, right.destination, right.ports, right.mark});
    for (const char* destination : {"10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/255.255.255.0",
                                    "::1/129", ":::", "www.example.com", "10.0.0.0/24/3"})
        refused({right.protocol, destination, right.ports, right.mark});
    for (const char* ports : {"65536", "-1", "90:80", ":", "80,90", "80:90:95", "http", "80 "})
        refused({right.protocol, right.destination, ports, right.mark});
    for (const char* mark : {"", "-1", "4294967296", "0x", "5/0xff", "5/", "x"})
        refused({right.protocol, right.destination, right.ports, mark});
    refused({right.protocol, right.destination, right.ports, right.mark, true});
}

std::vector<MarkRule> two() {
    return {*parse_mark_rule({"tcp", "10.0.0.0/24", "80:90", "5"}),
            *parse_mark_rule({"", "2001:db8::1", "53", "0x10"})};
}

TEST(MarkList, numbers_the_rules) {
    EXPECT_EQ(marks_text(two()), "num   prot  destination                  ports        mark\n"
                                 "1     tcp   10.0.0.0/24                  80:90        5\n"
                                 "2     any   2001:db8::1/128              53           16\n");
}

TEST(MarkList, as_commands_makes_the_same_list) {
    EXPECT_EQ(marks_commands(two()), "bpvs mark add -p tcp -d 10.0.0.0/24 --dport 80:90 --set-mark 5\n"
                                     "bpvs mark add -d 2001:db8::1/128 --dport 53 --set-mark 16\n");
}

TEST(MarkJson, is_what_its_page_shows) {
    std::ifstream page(BPVS_SOURCE_DIR "/docs/json.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const std::string command = "$ bpvs mark list --json\n";
    const auto begin = text.find(command) + command.size();
    ASSERT_LT(begin, text.size());
    const auto shown = nlohmann::ordered_json::parse(text.substr(begin, text.find("```", begin) - begin));
    EXPECT_EQ(nlohmann::ordered_json::parse(marks_json(two())).dump(2), shown.dump(2));
}

} // namespace
} // namespace bpvs::cli
