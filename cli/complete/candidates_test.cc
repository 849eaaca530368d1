#include "cli/complete/candidates.hh"

#include "control/test_lab.hh"

#include <set>
#include <sstream>

namespace bpvs::cli {
namespace {

/// As a shell splits it; a blank at the end begins a new word.
std::vector<std::string> words(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> found;
    for (std::string word; in >> word;)
        found.push_back(word);
    if (line.empty() || line.ends_with(' '))
        found.emplace_back();
    return found;
}

std::vector<ServiceView> lab_services() {
    ServiceView web{.spec = service(tcp())};
    web.servers = {{.spec = server(1)}, {.spec = server(2)}};
    ServiceView dns{.spec = service(udp(53))};
    ServerSpec other = server(3);
    other.port = to_be16(53);
    dns.servers = {{.spec = other}};
    return {web, dns};
}

std::set<std::string> offered(const std::string& line) {
    std::set<std::string> found;
    for (const Candidate& c : bpvsadm_candidates(words(line), lab_services).words)
        EXPECT_TRUE(found.insert(c.word).second) << line << " offers " << c.word << " twice";
    return found;
}

using Set = std::set<std::string>;

TEST(Complete, begins_with_the_commands) {
    const Set all = offered("");
    for (const CommandRow& row : commands())
        EXPECT_TRUE(row.long_name == nullptr || all.contains(std::string("--") + row.long_name));
    EXPECT_FALSE(all.contains("-t"));
    EXPECT_EQ(offered("--add"), (Set{"--add-service", "--add-server"}));
    EXPECT_EQ(offered("--start-daemon m"), Set{"master"});
    EXPECT_EQ(offered("nosuch "), Set{});
}

TEST(Complete, offers_what_the_table_allows_after_every_command) {
    for (const CommandRow& command : commands()) {
        if (command.long_name == nullptr || command.takes != Takes::nothing || command.verb == Verb::help ||
            command.verb == Verb::version)
            continue;
        const Set seen = offered(std::string("--") + command.long_name + " --");
        for (const OptionRow& row : options()) {
            if (row.opt >= Opt::count)
                continue;
            EXPECT_EQ(seen.contains(std::string("--") + row.long_name), rule(command.verb, row.opt) != Rule::illegal)
                << command.long_name << " " << row.long_name;
        }
    }
}

TEST(Complete, does_not_offer_what_was_given_or_is_excluded) {
    EXPECT_TRUE(offered("-A -t 1.1.1.1:80 ").contains("-s"));
    EXPECT_FALSE(offered("-A -t 1.1.1.1:80 -s rr ").contains("-s"));
    EXPECT_FALSE(offered("-A -t 1.1.1.1:80 ").contains("-u")) << "a service is named once";
    EXPECT_FALSE(offered("-L -c ").contains("--timeout"));
    EXPECT_TRUE(offered("-Ln ").contains("--stats"));
    EXPECT_FALSE(offered("-Ln ").contains("-n"));
    EXPECT_TRUE(offered("-A -f 7 ").contains("-6"));
    EXPECT_FALSE(offered("-A -t 1.1.1.1:80 ").contains("-6"));
}

TEST(Complete, knows_schedulers_services_and_servers) {
    EXPECT_TRUE(offered("-A -t 1.1.1.1:80 -s ").contains("rr"));
    EXPECT_EQ(offered("-A -t 1.1.1.1:80 -s w").contains("wrr"), true);
    EXPECT_TRUE(offered("-A -t 1.1.1.1:80 --scheduler=w").contains("--scheduler=wrr"));
    EXPECT_EQ(offered("-D -t "), Set{"1.1.1.1:80"});
    EXPECT_EQ(offered("-Dt "), Set{"1.1.1.1:80"});
    EXPECT_EQ(offered("-D -u 1"), Set{"1.1.1.1:53"});
    EXPECT_EQ(offered("-A -t "), Set{}) << "a new service is none that there is";
    EXPECT_EQ(offered("-d -t 1.1.1.1:80 -r "), (Set{"172.16.0.1:80", "172.16.0.2:80"}));
    EXPECT_EQ(offered("-a -t 1.1.1.1:80 -r "), Set{"172.16.0.3:53"}) << "those of other services";
    EXPECT_EQ(offered("-L --filter-service u"), Set{"udp:1.1.1.1:53"});
    EXPECT_EQ(offered("-Lc --filter-state SYN_"), (Set{"SYN_SENT", "SYN_RECV"}));
    EXPECT_EQ(offered("-a -t 1.1.1.1:80 -r 1.1.1.1 -i --tun-type g"), (Set{"gue", "gre"}));
    EXPECT_EQ(offered("-A -t 1.1.1.1:80 --drain "), (Set{"finish", "reset"}));
    EXPECT_EQ(offered("-A -t 1.1.1.1:80 -s sh -b "), (Set{"sh-fallback", "sh-port"}));
}

class BpvsWords : public testing::Test {
protected:
    BpvsWords() {
        CLI::App* up = app.add_subcommand("up", "bring it up");
        up->add_option("interface", interfaces, "where");
        up->add_option("--connections", number, "how many");
        CLI::App* mark = app.add_subcommand("mark", "rules");
        mark->add_subcommand("add", "one more");
        app.add_subcommand("sysctl", "settings")->add_option("NAME[=VALUE]", settings, "which");
        app.add_subcommand("apply", "a file")->add_option("file", file, "which")->check(CLI::ExistingFile);
    }
    Set offered_by_app(const std::string& line) {
        Set found;
        for (const Candidate& c : bpvs_candidates(app, words(line)).words)
            found.insert(c.word);
        return found;
    }
    CLI::App app;
    std::vector<std::string> interfaces, settings;
    std::string file;
    int number = 0;
};

TEST_F(BpvsWords, are_subcommands_options_interfaces_and_files) {
    EXPECT_EQ(offered_by_app(""), (Set{"up", "mark", "sysctl", "apply"}));
    EXPECT_EQ(offered_by_app("a"), Set{"apply"});
    EXPECT_EQ(offered_by_app("mark "), Set{"add"});
    EXPECT_EQ(offered_by_app("sysctl sloppy_tcp=1 sloppy"), (Set{"sloppy_sctp", "sloppy_tcp"}));
    EXPECT_TRUE(offered_by_app("up ").contains("lo"));
    EXPECT_TRUE(offered_by_app("up lo ").contains("lo")) << "any number of interfaces";
    EXPECT_EQ(offered_by_app("up --c"), Set{"--connections"});
    EXPECT_EQ(offered_by_app("up --connections "), Set{});
    EXPECT_TRUE(offered_by_app("up --connections 5 ").contains("lo"));
    EXPECT_TRUE(bpvs_candidates(app, words("apply ")).files);
    EXPECT_FALSE(bpvs_candidates(app, words("up ")).files);
}

} // namespace
} // namespace bpvs::cli
