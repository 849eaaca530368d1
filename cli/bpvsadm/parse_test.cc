#include "cli/bpvsadm/parse.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace bpvs::cli {
namespace {

Parsed<Command> parse_line(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words{"ipvsadm"};
    std::copy(std::istream_iterator<std::string>(in), {}, std::back_inserter(words));
    std::vector<const char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    return parse(static_cast<int>(words.size()), argv.data());
}

std::string message(const std::string& line) {
    const auto parsed = parse_line(line);
    return parsed ? "" : parsed.error().message;
}

/// A valid argument for each option, so that only the table decides.
std::string with_argument(const OptionRow& row) {
    const std::string option = std::string("--") + row.long_name;
    switch (row.opt) {
    case Opt::service:
        return option + (row.choice != 0 ? " 1.1.1.1:80" : " 1");
    case Opt::server:
        return option + " 172.16.1.1:80";
    case Opt::netmask:
        return option + " 255.255.255.0";
    case Opt::mcast_group:
        return option + " 224.0.1.1";
    case Opt::tun_type:
        return option + " ipip";
    case Opt::sched_flags:
        return option + " flag-1";
    case Opt::filter_service:
    case Opt::filter_server:
    case Opt::filter_client:
        return option + " 1.1.1.1";
    case Opt::filter_state:
        return option + " UDP";
    default:
        return option + (row.takes == Takes::argument ? " 5" : "");
    }
}

std::string base_of(const CommandRow& row) {
    std::string base = std::string("--") + row.long_name;
    if (row.takes == Takes::argument)
        base += " master";
    if (row.verb == Verb::set)
        base += " 1 2 3";
    return base;
}

TEST(Parse, reports_every_illegal_cell_of_the_table_by_name) {
    int cells = 0;
    for (const CommandRow& command : commands()) {
        if (command.long_name == nullptr || command.verb == Verb::help || command.verb == Verb::version)
            continue;
        std::string base = base_of(command);
        if (rule(command.verb, Opt::service) == Rule::required)
            base += " -u 1.1.1.1:80";
        if (rule(command.verb, Opt::server) == Rule::required)
            base += " -r 172.16.1.1:80";
        for (const OptionRow& option : options()) {
            if (option.opt >= Opt::count || rule(command.verb, option.opt) != Rule::illegal)
                continue;
            const std::string line = base + " " + with_argument(option);
            EXPECT_EQ(message(line), "Illegal '" + std::string(name_of(option.opt)) + "' option with the '" +
                                         std::string(name_of(command.verb)) + "' command")
                << line;
            ++cells;
        }
    }
    EXPECT_GT(cells, 300);
}

TEST(Parse, takes_every_allowed_option) {
    for (const char* line :
         {"-A -u 1.1.1.1:80 -s sh -p 5 -M 255.255.0.0 -o --pe sip -b sh-port,flag-1 --sort", "-A -f 5 -6 -s rr",
          "-a -t 1.1.1.1:80 -r 172.16.1.1 -m -w 5 -x 6 -y 7",
          "-e -t 1.1.1.1:80 -r 1.1.1.2 -i --tun-type gre --tun-csum",
          "-a -t 1.1.1.1:80 -r 1.1.1.2 -i --tun-type gue --tun-port 6080 --tun-remcsum", "-Lnc --persistent-conn",
          "-L --stats --rate --thresholds --tun-info --nosort -X --syncid 5", "-Z", "-S -n",
          "--start-daemon master --syncid 1 --sync-maxlen 9 --mcast-interface x --mcast-group ff05::1 --mcast-ttl 9",
          "--start-daemon backup --mcast-port 9"})
        EXPECT_EQ(message(line), "") << line;
}

TEST(Parse, without_words_is_the_listing) {
    const auto parsed = parse_line("");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->verb, Verb::list);
}

TEST(Parse, wants_the_command_first) {
    for (const char* line : {"-n", "-n -L", "-t 1.1.1.1:80 -A -s rr", "foo", "-Q", "--start-daemon"}) {
        const auto parsed = parse_line(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().exit, 255) << line;
        EXPECT_EQ(parsed.error().message, "Try `ipvsadm -h' or 'ipvsadm --help' for more information.") << line;
    }
}

TEST(Parse, gives_a_server_without_port_the_port_of_the_service_named_before) {
    const auto after = parse_line("-a -t 1.1.1.1:80 -r 172.16.1.1 -m");
    ASSERT_TRUE(after);
    EXPECT_EQ(from_be16(after->server.port), 80);
    const auto before = parse_line("-a -r 172.16.1.1 -t 1.1.1.1:80 -m");
    ASSERT_TRUE(before);
    EXPECT_EQ(from_be16(before->server.port), 0);
}

TEST(Parse, gives_a_server_without_translation_the_port_of_the_service) {
    const auto parsed = parse_line("-a -t 1.1.1.1:80 -r 172.16.1.1:8080 -g");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(from_be16(parsed->server.port), 80);
}

TEST(Parse, resets_what_an_edit_does_not_name_to_the_defaults) {
    const auto parsed = parse_line("-e -t 1.1.1.1:80 -r 172.16.1.1:80");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->server.method, Forward::route);
    EXPECT_EQ(parsed->server.weight, 1u);
}

TEST(Parse, takes_a_wish_for_connections_of_servers_that_leave) {
    const auto drain = [](const std::string& policy) {
        const auto parsed = parse_line("-A -t 1.1.1.1:80 --drain " + policy);
        return parsed ? parsed->service.drain : 4242u;
    };
    EXPECT_EQ(parse_line("-A -t 1.1.1.1:80")->service.drain, drain_unset);
    EXPECT_EQ(drain("finish"), drain_finish);
    EXPECT_EQ(drain("reset"), drain_reset);
    EXPECT_EQ(drain("30"), drain_reset + 30);
    EXPECT_EQ(drain("2678400"), drain_reset + 2678400);
    for (const char* wrong : {"0", "-1", "2678401", "Finish", "", "3s"})
        EXPECT_EQ(drain(wrong), 4242u) << wrong;
    EXPECT_EQ(message("-E -t 1.1.1.1:80 --drain soon"),
              "bpvsadm: --drain cannot use `soon'; give finish, reset or a number of seconds from 1 to 2678400.");
    EXPECT_TRUE(parse_line("-E -f 7 --idle-reset")->service.idle_reset);
    EXPECT_EQ(message("-A -u 1.1.1.1:53 --idle-reset"),
              "bpvsadm: --idle-reset is for TCP, whose connections can be reset; leave it out.");
    EXPECT_EQ(message("-a -t 1.1.1.1:80 -r 172.16.1.1 --drain reset"),
              "Illegal 'drain' option with the 'add-server' command");
}

TEST(Parse, reports_the_first_of_two_mistakes) {
    EXPECT_EQ(message("-A -t 1.1.1.1:0 -o -n"), "Illegal 'numeric' option with the 'add-service' command");
    EXPECT_EQ(message("-A -t 1.1.1.1:0 -b sh-port"), "incompatible scheduler flag `sh-port'");
    EXPECT_EQ(message("-A -t bad: --foo"), "illegal virtual server address[:port] specified");
    EXPECT_EQ(message("-A --foo -t bad:"), "--foo: unknown option");
    EXPECT_EQ(message("-L -c -t 1.1.1.1:80 --timeout"),
              "The option 'service-address' conflicts with the 'connection' option in the 'list' command");
}

} // namespace
} // namespace bpvs::cli
