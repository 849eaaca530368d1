#include "cli/bpvsadm/test_run.hh"

#include <unistd.h>

namespace bpvs::cli {
namespace {

class Bpvsadm : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "needs CAP_NET_ADMIN, as bpvsadm does";
    }
    TestRun run;
};

TEST_F(Bpvsadm, adds_and_lists_the_services_of_the_tutorial) {
    EXPECT_EQ(run("-A -t 1.1.1.1:80 -s rr").exit, 0);
    EXPECT_EQ(run("-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m").exit, 0);
    EXPECT_EQ(run("-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 3").exit, 0);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n"
                              "-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 3\n"
                              "-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 1\n");
}

TEST_F(Bpvsadm, reports_what_went_wrong_in_ipvsadms_words_and_exit_statuses) {
    run("-A -t 1.1.1.1:80 -s rr");
    run("-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m");
    const struct {
        const char* line;
        int exit;
        const char* err;
    } cases[]{
        {"-A -t 1.1.1.1:80 -s wlc", 255, "Service already exists\n"},
        {"-E -t 1.1.1.1:81 -s rr", 255, "No such service\n"},
        {"-D -t 1.1.1.1:81", 255, "No such service\n"},
        {"-Z -t 1.1.1.1:81", 255, "No such service\n"},
        {"-L -t 1.1.1.1:81", 1, "No such service\n"},
        {"-a -t 1.1.1.1:81 -r 172.16.1.1 -m", 255, "Service not defined\n"},
        {"-d -t 1.1.1.1:81 -r 172.16.1.1", 255, "Service not defined\n"},
        {"-a -t 1.1.1.1:80 -r 172.16.1.1 -m", 255, "Destination already exists\n"},
        {"-e -t 1.1.1.1:80 -r 172.16.1.9 -m", 255, "No such destination\n"},
        {"-A -t 1.1.1.1:81 -s nosuch", 255, "Scheduler or persistence engine not found\n"},
        {"-a -t 1.1.1.1:80 -r 172.16.1.3 -m -x 1 -y 2", 255, "Numerical result out of range\n"},
        {"-a -t 1.1.1.1:80 -r 224.0.0.1 -m", 255,
         "Invalid operation.  Possibly wrong module version, address not unicast, ...\n"},
        {"--stop-daemon backup", 255, "No daemon is running\n"},
        {"--start-daemon backup --mcast-interface nosuch0", 255, "No such device\n"},
    };
    for (const auto& c : cases) {
        const Outcome o = run(c.line);
        EXPECT_EQ(o.exit, c.exit) << c.line;
        EXPECT_EQ(o.err, c.err) << c.line;
        EXPECT_EQ(o.out, "") << c.line;
    }
}

TEST_F(Bpvsadm, says_that_wlc_is_what_a_service_gets_without_a_scheduler) {
    EXPECT_EQ(
        run("-A -t 1.1.1.1:81").err,
        "bpvsadm: Cannot add the service TCP 1.1.1.1:81: the scheduler wlc, the default without -s, is not carried "
        "out by this version; use rr or wrr (-s).\n");
}

TEST_F(Bpvsadm, refuses_what_is_not_carried_out_yet_with_one_sentence_and_changes_nothing) {
    run("-A -t 1.1.1.1:80 -s rr");
    const std::string before = run("-Sn").out;
    for (const char* line : {"-A -t 1.1.1.1:81",
                             "-A -t 1.1.1.1:81 -s wlc",
                             "-A -t 1.1.1.1:81 -s sh -b sh-port",
                             "-A -t 1.1.1.1:81 -s rr -b flag-1",
                             "-A -t 1.1.1.1:81 -s rr -p",
                             "-A -t 1.1.1.1:0 -s rr -p 5",
                             "-A -u 1.1.1.1:81 -s rr -o",
                             "-A -u 1.1.1.1:81 -s rr --pe sip",
                             "-A -f 1 -s rr",
                             "-A -f 1 -6 -s rr",
                             "-A --sctp-service 1.1.1.1:81 -s rr",
                             "-A -t [2001:db8::1]:80 -s rr",
                             "-E -t 1.1.1.1:80 -s lc",
                             "-E -t 1.1.1.1:80 -s rr -p",
                             "-a -t 1.1.1.1:80 -r 172.16.1.1",
                             "-a -t 1.1.1.1:80 -r 172.16.1.1 -g",
                             "-a -t 1.1.1.1:80 -r 172.16.1.1 -i",
                             "-a -t 1.1.1.1:80 -r [2001:db8::2]:80 -i",
                             "-a -t 1.1.1.1:80 -r 172.16.1.1 -m -x 5",
                             "--start-daemon master --mcast-interface lo"}) {
        const Outcome o = run(line);
        EXPECT_EQ(o.exit, 255) << line;
        EXPECT_TRUE(o.err.starts_with("bpvsadm: ") && o.err.ends_with(".\n")) << line << ": " << o.err;
        EXPECT_EQ(std::ranges::count(o.err, '\n'), 1) << line << ": " << o.err;
        EXPECT_EQ(run("-Sn").out, before) << line;
    }
}

TEST_F(Bpvsadm, brings_the_director_up_only_to_add_set_or_restore) {
    const struct {
        const char* line;
        Access access;
    } cases[]{{"-Ln", Access::read},
              {"-S", Access::read},
              {"-A -t 1.1.1.1:80 -s rr", Access::create},
              {"-R", Access::create},
              {"--set 1 2 3", Access::create},
              {"-C", Access::change},
              {"-Z", Access::change},
              {"-D -t 1.1.1.1:80", Access::change}};
    for (const auto& c : cases) {
        run(c.line);
        ASSERT_FALSE(run.opened.empty()) << c.line;
        EXPECT_EQ(run.opened.back(), c.access) << c.line;
    }
}

TEST_F(Bpvsadm, does_not_touch_the_director_when_the_command_line_is_wrong) {
    run("-A -t 1.1.1.1:80 -n");
    run("-h");
    run("-v");
    EXPECT_TRUE(run.opened.empty());
}

TEST_F(Bpvsadm, restore_goes_on_after_a_refused_change_and_stops_at_a_wrong_line) {
    const Outcome refused = run("-R", "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr\n");
    EXPECT_EQ(refused.exit, 0);
    EXPECT_EQ(refused.err, "Service already exists\n");
    const Outcome wrong = run("-R", "-A -t 1.1.1.1:82 -s rr\n-A -s rr\n-A -t 1.1.1.1:83 -s rr\n");
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr\n-A -t 1.1.1.1:82 -s rr\n");
}

TEST_F(Bpvsadm, what_save_prints_restore_takes) {
    run("-R", "-A -t 1.1.1.1:80 -s wrr\n-a -t 1.1.1.1:80 -r 172.16.1.1:8080 -m -w 0\n-A -u 9.9.9.9:53 -s rr\n");
    const std::string saved = run("-Sn").out;
    run("-C");
    EXPECT_EQ(run("-Sn").out, "");
    EXPECT_EQ(run("-R", saved).exit, 0);
    EXPECT_EQ(run("-Sn").out, saved);
}

TEST_F(Bpvsadm, set_keeps_the_timeouts_given_as_zero) {
    run("--set 0 0 77");
    EXPECT_EQ(run("-L --timeout").out, "Timeout (tcp tcpfin udp): 900 120 77\n");
}

TEST_F(Bpvsadm, help_names_every_option_and_the_commands_it_goes_with) {
    const std::string help = run("-h").out;
    for (const OptionRow& row : options())
        EXPECT_NE(help.find(std::string("--") + row.long_name), std::string::npos) << row.long_name;
    EXPECT_NE(help.find("-w, --weight NUMBER"), std::string::npos);
    EXPECT_NE(help.find("[-a -e]"), std::string::npos);
}

} // namespace
} // namespace bpvs::cli
