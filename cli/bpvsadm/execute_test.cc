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

TEST_F(Bpvsadm, a_service_without_a_scheduler_gets_wlc) {
    EXPECT_EQ(run("-A -t 1.1.1.1:81").exit, 0);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:81 -s wlc\n");
}

TEST_F(Bpvsadm, refuses_what_is_not_carried_out_yet_with_one_sentence_and_changes_nothing) {
    run("-A -t 1.1.1.1:80 -s rr");
    const std::string before = run("-Sn").out;
    for (const char* line :
         {"-A -u 1.1.1.1:81 -s rr -p --pe sip", "-E -t 1.1.1.1:80 -s rr -p --pe sip", "-a -t 1.1.1.1:80 -r 172.16.1.1",
          "-a -t 1.1.1.1:80 -r 172.16.1.1 -g", "-a -t 1.1.1.1:80 -r 172.16.1.1 -i",
          "-a -t 1.1.1.1:80 -r [2001:db8::2]:80 -i", "--start-daemon master --mcast-interface lo"}) {
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

TEST_F(Bpvsadm, ipvs_restore_goes_on_after_a_refused_change_and_stops_at_a_wrong_line) {
    const Outcome refused =
        run("--ipvs-restore", "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr\n");
    EXPECT_EQ(refused.exit, 0);
    EXPECT_EQ(refused.err, "Service already exists\n");
    const Outcome wrong = run("--ipvs-restore", "-A -t 1.1.1.1:82 -s rr\n-A -s rr\n-A -t 1.1.1.1:83 -s rr\n");
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr\n-A -t 1.1.1.1:82 -s rr\n");
    const Outcome no_command = run("--ipvs-restore", "hello\n-A -t 1.1.1.1:83 -s rr\n");
    EXPECT_EQ(no_command.exit, 255);
    const Outcome unread = run("--ipvs-restore", "-D -t 1.1.1.1:80 -] x\n-D -t 1.1.1.1:81 -s\n-D -t 1.1.1.1:82\n");
    EXPECT_EQ(unread.exit, 0);
    EXPECT_EQ(unread.err, "-]: unknown option\n-s: missing argument\n");
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr\n");
}

TEST_F(Bpvsadm, restore_takes_comments_blank_lines_and_a_last_line_without_end) {
    const Outcome o = run("-R", "# services\n\n  # indented\n\t\nipvsadm -A -t 1.1.1.1:80 -s rr\r\n"
                                "bpvsadm -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m");
    EXPECT_EQ(o.err, "");
    EXPECT_EQ(o.exit, 0);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n");
    EXPECT_EQ(run("-R", "").exit, 0);
}

TEST_F(Bpvsadm, restore_reports_every_wrong_line_and_changes_nothing) {
    run("-A -t 1.1.1.1:80 -s rr");
    const Outcome o = run("-R", "-C\n"
                                "-A -t 1.1.1.1:81 -s rr\n"
                                "-A -t 1.1.1.1:81 -s wrr\n"
                                "# -A -t\n"
                                "-A -t 1.1.1.1:82 -s nosuch\n"
                                "-a -t 1.1.1.1:82 -r 172.16.1.1 -m\n"
                                "-a -t 1.1.1.1:83 -r 172.16.1.1 -m\n"
                                "-A -u 1.1.1.1:84 -p --pe sip\n"
                                "hello\n"
                                "-A -s rr\n"
                                "-L\n"
                                "-R\n");
    EXPECT_EQ(o.exit, 255);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err,
              "line 3: Service already exists: -A -t 1.1.1.1:81 -s wrr\n"
              "line 5: Scheduler or persistence engine not found: -A -t 1.1.1.1:82 -s nosuch\n"
              "line 7: Service not defined: -a -t 1.1.1.1:83 -r 172.16.1.1 -m\n"
              "line 8: Cannot add the service UDP 1.1.1.1:84: persistence engines (--pe) are not carried out by this "
              "version; leave the option out: -A -u 1.1.1.1:84 -p --pe sip\n"
              "line 9: does not begin with a command, such as -A or -a: hello\n"
              "line 10: You need to supply the 'service-address' option for the 'add-service' command: -A -s rr\n"
              "line 11: a listing has no place among changes that are made together; --ipvs-restore goes line by line: "
              "-L\n"
              "line 12: does not begin with a command, such as -A or -a: -R\n"
              "bpvsadm: 8 of 13 lines are wrong; nothing was changed.\n");
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n");
}

TEST_F(Bpvsadm, restore_shows_the_first_twenty_wrong_lines) {
    std::string input;
    for (int i = 0; i < 50; ++i)
        input += "nonsense\n";
    const Outcome o = run("-R", input + std::string(1000, 'x'));
    EXPECT_EQ(std::ranges::count(o.err, '\n'), 21);
    EXPECT_NE(o.err.find("51 of 51 lines are wrong, the first 20 are shown; nothing was changed."), std::string::npos);
}

TEST_F(Bpvsadm, restore_replaces_the_table_in_one_switch_when_the_file_begins_with_clear) {
    run("-R", "-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m\n-A -t 1.1.1.1:81 -s rr\n");
    const u32 record = run.lab.record(0x101);
    run.lab.tables.dests[record].active = 3;
    const std::string file = "-A -t 1.1.1.1:80 -s wrr\n-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 2\n";
    EXPECT_EQ(run("-R", "-C\n" + file).exit, 0);
    EXPECT_EQ(run("-Sn").out, file);
    EXPECT_EQ(run.lab.tables.dests[record].active, 3u) << "connections stay";
    EXPECT_EQ(run("--replace", "-A -t 1.1.1.1:9 -s rr\n").exit, 0);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:9 -s rr\n");
    EXPECT_EQ(run("--replace", "-A -u 1.1.1.1:9 -p --pe sip\n").exit, 255);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:9 -s rr\n");
}

TEST_F(Bpvsadm, dry_run_prints_what_would_change_and_changes_nothing) {
    run("-R", "-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m\n-A -t 1.1.1.1:81 -s rr\n");
    const std::string before = run("-Sn").out;
    const struct {
        const char* line;
        const char* input;
        const char* out;
    } cases[]{
        {"-A -t 1.1.1.1:82 -s rr --dry-run", "", "+ -A -t 1.1.1.1:82 -s rr\n"},
        {"-E -t 1.1.1.1:80 -s wrr --dry-run", "", "- -A -t 1.1.1.1:80 -s rr\n+ -A -t 1.1.1.1:80 -s wrr\n"},
        {"-D -t 1.1.1.1:81 --dry-run", "", "- -A -t 1.1.1.1:81 -s rr\n"},
        {"-a -t 1.1.1.1:80 -r 172.16.1.2 -m --dry-run", "", "+ -a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 1\n"},
        {"-e -t 1.1.1.1:80 -r 172.16.1.1 -m -w 9 --dry-run", "",
         "- -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n+ -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 9\n"},
        {"-d -t 1.1.1.1:80 -r 172.16.1.1 --dry-run", "", "- -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n"},
        {"-C --dry-run", "",
         "- -A -t 1.1.1.1:80 -s rr\n- -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n- -A -t 1.1.1.1:81 -s rr\n"},
        {"-Z --dry-run", "", "+ -Z\n"},
        {"-Z -t 1.1.1.1:80 --dry-run", "", "+ -Z -t 1.1.1.1:80\n"},
        {"--set 0 0 77 --dry-run", "", "- --set 900 120 300\n+ --set 900 120 77\n"},
        {"--set 0 0 300 --dry-run", "", ""},
        {"-R --dry-run", "-D -t 1.1.1.1:81\n-Z\n--set 1 0 0\n-A -t 1.1.1.1:82 -s rr\n",
         "- -A -t 1.1.1.1:81 -s rr\n+ -A -t 1.1.1.1:82 -s rr\n- --set 900 120 300\n+ --set 1 120 300\n+ -Z\n"},
        {"--replace --dry-run", "-A -t 1.1.1.1:81 -s rr\n",
         "- -A -t 1.1.1.1:80 -s rr\n- -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n"},
    };
    for (const auto& c : cases) {
        const Outcome o = run(c.line, c.input);
        EXPECT_EQ(o.exit, 0) << c.line;
        EXPECT_EQ(o.err, "") << c.line;
        EXPECT_EQ(o.out, c.out) << c.line;
        EXPECT_EQ(run.opened.back(), Access::change) << c.line;
    }
    for (const char* line : {"-A -t 1.1.1.1:80 -s rr --dry-run", "-d -t 1.1.1.1:80 -r 9.9.9.9 --dry-run"}) {
        const Outcome o = run(line);
        EXPECT_EQ(o.exit, 255) << line;
        EXPECT_EQ(o.out, "") << line;
    }
    EXPECT_EQ(run("-Sn").out, before);
    EXPECT_EQ(run("-L --timeout").out, "Timeout (tcp tcpfin udp): 900 120 300\n");
    EXPECT_EQ(run("-L --dry-run").exit, 2);
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
