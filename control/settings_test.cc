#include "control/settings.hh"

#include "sim/memory_store.hh"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace bpvs {
namespace {

class ASetting : public ::testing::Test {
protected:
    Result<void> change(const std::vector<Assignment>& all) { return change_settings(store, all); }
    std::string refused(const std::string& name, const std::string& value) {
        const auto done = change({{name, value}});
        return done ? "" : done.error().message;
    }
    std::string value(const std::string& name) { return value_text(**find_setting(name), store.config().settings); }

    sim::Tables tables;
    sim::MemoryStore store{tables};
};

// What /proc/sys/net/ipv4/vs of Linux 6.1 has (with the schedulers' modules loaded), but sync_qlen_max, which
// goes by the machine's memory there.
constexpr const char* defaults_of_ipvs = R"(
am_droprate 10
amemthresh 1024
backup_only 0
cache_bypass 0
conn_reuse_mode 1
conntrack 0
debug_level 0
drop_entry 0
drop_packet 0
expire_nodest_conn 0
expire_quiescent_template 0
ignore_tunneled 0
lblc_expiration 86400
lblcr_expiration 86400
nat_icmp_send 0
pmtu_disc 1
run_estimation 1
schedule_icmp 0
secure_tcp 0
sloppy_sctp 0
sloppy_tcp 0
snat_reroute 1
sync_persist_mode 0
sync_ports 1
sync_qlen_max 0
sync_refresh_period 0
sync_retries 0
sync_sock_size 0
sync_threshold 3 50
sync_version 1
)";

TEST_F(ASetting, has_the_name_and_the_default_of_ipvs) {
    std::string there = "\n";
    for (const SettingInfo& s : settings_known())
        if (full_name(s).starts_with("net.ipv4.vs."))
            there += fmt::format("{} {}\n", s.name, value_text(s, store.config().settings));
    EXPECT_EQ(there, defaults_of_ipvs);
}

TEST_F(ASetting, takes_every_value_of_its_range_and_no_other) {
    for (const SettingInfo& s : settings_known()) {
        if (!s.field)
            continue;
        EXPECT_EQ(refused(s.name, fmt::to_string(s.highest)), "");
        EXPECT_EQ(value(s.name), fmt::to_string(s.highest));
        EXPECT_EQ(refused(s.name, fmt::to_string(s.lowest)), "");
        EXPECT_EQ(value(s.name), fmt::to_string(s.lowest));
        for (const char* wrong : {"-1", "2147483648", "18446744073709551616", "", "yes", "1 1", "0x1", "1.0", "+1"}) {
            const std::string why = refused(s.name, wrong);
            EXPECT_NE(why.find(fmt::format("Cannot set {} to \"{}\": it takes a number from", s.name, wrong)),
                      std::string::npos)
                << s.name << ' ' << wrong << ": " << why;
            EXPECT_EQ(value(s.name), fmt::to_string(s.lowest));
        }
    }
    EXPECT_EQ(refused("drop_entry", "4"), "Cannot set drop_entry to \"4\": it takes a number from 0 to 3.");
}

TEST_F(ASetting, that_has_one_value_takes_this_and_says_why_no_other) {
    for (const SettingInfo& s : settings_known()) {
        if (s.field)
            continue;
        EXPECT_EQ(refused(s.name, s.fixed), "");
        const std::string why = refused(s.name, "7");
        EXPECT_NE(why.find(s.why), std::string::npos) << why;
        EXPECT_NE(why.find(fmt::format("it stays {}.", s.fixed)), std::string::npos) << why;
    }
    EXPECT_EQ(refused("sync_threshold", " 3\t50\n"), "");
    EXPECT_EQ(refused("conntrack", "1"),
              "Cannot set conntrack to \"1\": this is not carried out by this version because balanced packets do not "
              "pass netfilter; it stays 0.");
}

TEST_F(ASetting, is_found_under_every_spelling_of_its_name) {
    for (const char* name : {"sloppy_tcp", "net.ipv4.vs.sloppy_tcp", "net/ipv4/vs/sloppy_tcp"}) {
        EXPECT_EQ(refused(name, "1"), "");
        EXPECT_EQ(value("sloppy_tcp"), "1");
        EXPECT_EQ(refused("sloppy_tcp", "0"), "");
    }
}

TEST_F(ASetting, of_ours_does_better_than_ipvs_unless_it_is_0) {
    std::string ours;
    for (const SettingInfo& s : settings_known())
        if (!full_name(s).starts_with("net.ipv4.vs."))
            ours += fmt::format("{}={} ", full_name(s), value_text(s, store.config().settings));
    EXPECT_EQ(ours, "bpvs.hold_expired=1 bpvs.reset_removed=1 bpvs.reuse_closing=1 ");
    for (const char* name : {"bpvs.reset_removed", "bpvs/reset_removed", "net.ipv4.vs.bpvs.reset_removed"}) {
        EXPECT_EQ(refused(name, "0"), "");
        EXPECT_EQ(value("bpvs.reset_removed"), "0");
        EXPECT_EQ(refused("bpvs.reset_removed", "1"), "");
    }
    EXPECT_EQ(find_setting("reset_removed").error().message,
              "There is no setting \"reset_removed\" in net.ipv4.vs; did you mean bpvs.reset_removed?");
}

TEST_F(ASetting, that_does_not_exist_is_an_error_that_names_the_nearest) {
    EXPECT_EQ(refused("sloppy_tpc", "1"),
              "There is no setting \"sloppy_tpc\" in net.ipv4.vs; did you mean sloppy_tcp?");
    EXPECT_EQ(refused("net.ipv4.vs.conn_reuse", "1"),
              "There is no setting \"conn_reuse\" in net.ipv4.vs; did you mean conn_reuse_mode?");
    EXPECT_EQ(refused("zzzzzzzz", "1"),
              "There is no setting \"zzzzzzzz\" in net.ipv4.vs; `bpvs sysctl` lists those there are.");
    EXPECT_EQ(find_setting("").error().code, Errc::unknown_setting);
}

TEST_F(ASetting, among_several_changes_with_all_of_them_or_not_at_all) {
    EXPECT_TRUE(change({{"sloppy_tcp", "1"}, {"drop_packet", "3"}, {"am_droprate", "7"}, {"sloppy_tcp", "0"}}));
    EXPECT_EQ(value("sloppy_tcp") + value("drop_packet") + value("am_droprate"), "037")
        << "the last of one name counts";
    for (const Assignment& bad : {Assignment{"drop_packet", "4"}, {"conntrack", "1"}, {"no_such", "1"}}) {
        EXPECT_FALSE(change({{"sloppy_tcp", "1"}, bad, {"am_droprate", "9"}}));
        EXPECT_EQ(value("sloppy_tcp") + value("drop_packet") + value("am_droprate"), "037");
    }
}

std::string documentation() {
    std::string text =
        "# Settings\n\nThe settings of net.ipv4.vs, with IPVS's names and defaults, one set for each network "
        "namespace. "
        "`bpvs sysctl` lists them,\n`bpvs sysctl NAME=VALUE` changes them at once; they last as long as the director "
        "(until `bpvs down`). A value out of range is an error.\n"
        "Generated from `core/model/settings.hh`: `BPVS_WRITE_DOCS=1 build/release/control/control_test`.\n\n"
        "## Those that take effect\n\n| setting | default | values | meaning |\n|---|---|---|---|\n";
    std::string fixed, ours;
    for (const SettingInfo& s : settings_known()) {
        const std::string unit = *s.unit ? fmt::format(" {}", s.unit) : "";
        if (s.field)
            (full_name(s) == s.name ? ours : text) +=
                fmt::format("| {} | {} | {}–{}{} | {} |\n", s.name, s.initial, s.lowest, s.highest, unit, s.meaning);
        else
            fixed += fmt::format("| {} | {} | {} | {} |\n", s.name, s.fixed, s.meaning, s.why);
    }
    return text +
           "\n## Ours\n\nThat IPVS does not have. Each makes something better than there; 0 is IPVS's way.\n\n"
           "| setting | default | values | meaning |\n|---|---|---|---|\n" +
           ours +
           "\n## Those that have one value\n\nSetting it is fine; another one is refused.\n\n"
           "| setting | value | meaning | no other, because |\n|---|---|---|---|\n" +
           fixed;
}

TEST(Settings, documentation_lists_what_the_code_has) {
    const std::string path = BPVS_SOURCE_DIR "/docs/settings.md";
    if (std::getenv("BPVS_WRITE_DOCS"))
        std::ofstream(path) << documentation();
    std::stringstream there;
    there << std::ifstream(path).rdbuf();
    EXPECT_EQ(there.str(), documentation());
}

} // namespace
} // namespace bpvs
