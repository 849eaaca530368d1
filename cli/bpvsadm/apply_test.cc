// bpvs diff and bpvs apply: a file beside the director's table.
#include "cli/bpvsadm/apply.hh"

#include "cli/bpvsadm/test_run.hh"

#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <random>
#include <unistd.h>

namespace bpvs::cli {
namespace {

class Table : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "bpvsadm needs CAP_NET_ADMIN";
    }

    template <class Work>
    Outcome with_file(std::string file, Work work) {
        file += '\n';
        char *out = nullptr, *err = nullptr;
        std::size_t out_size = 0, err_size = 0;
        const Streams streams{fmemopen(file.data(), file.size(), "r"), open_memstream(&out, &out_size),
                              open_memstream(&err, &err_size)};
        const int exit = work(streams);
        for (std::FILE* f : {streams.in, streams.out, streams.err})
            std::fclose(f);
        const Outcome o{exit, {out, out_size}, {err, err_size}};
        std::free(out);
        std::free(err);
        return o;
    }
    Outcome diff(const std::string& file) {
        return with_file(file, [&](const Streams& s) { return diff_table(s.in, run.lab.director, s); });
    }
    Outcome apply(const std::string& file, bool dry_run = false) {
        return with_file(file, [&](const Streams& s) { return apply_table(s.in, run.lab.director, dry_run, s); });
    }
    TestRun run;
};

constexpr const char* old_table = "-A -t 1.1.1.1:80 -s rr\n"
                                  "-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n"
                                  "-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 1\n"
                                  "-A -t 1.1.1.1:81 -s rr\n";
constexpr const char* new_table = "-A -t 1.1.1.1:80 -s wrr\n"
                                  "-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 7\n"
                                  "-a -t 1.1.1.1:80 -r 172.16.1.3:80 -m -w 1\n"
                                  "-A -u 1.1.1.1:53 -s rr\n"
                                  "-a -u 1.1.1.1:53 -r 172.16.1.1:53 -m -w 1\n";
constexpr const char* difference = "- -A -t 1.1.1.1:81 -s rr\n"
                                   "- -A -t 1.1.1.1:80 -s rr\n"
                                   "+ -A -t 1.1.1.1:80 -s wrr\n"
                                   "- -a -t 1.1.1.1:80 -r 172.16.1.1:80 -m -w 1\n"
                                   "- -a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 1\n"
                                   "+ -a -t 1.1.1.1:80 -r 172.16.1.2:80 -m -w 7\n"
                                   "+ -a -t 1.1.1.1:80 -r 172.16.1.3:80 -m -w 1\n"
                                   "+ -A -u 1.1.1.1:53 -s rr\n"
                                   "+ -a -u 1.1.1.1:53 -r 172.16.1.1:53 -m -w 1\n";

TEST_F(Table, is_told_apart_from_a_file_as_diff_does) {
    run("-R", old_table);
    EXPECT_EQ(diff(old_table).exit, 0);
    EXPECT_EQ(diff(old_table).out, "");
    const Outcome other = diff(std::string("# the new table\n\n") + new_table);
    EXPECT_EQ(other.exit, 1);
    EXPECT_EQ(other.out, difference);
    EXPECT_EQ(run("-Sn").out, old_table);
}

TEST_F(Table, differs_in_how_connections_end) {
    run("-R", "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr --drain finish\n");
    const char* wanted = "-A -t 1.1.1.1:80 -s rr --drain 30 --idle-reset\n-A -t 1.1.1.1:81 -s rr --drain reset\n";
    const char* said = "- -A -t 1.1.1.1:80 -s rr\n"
                       "+ -A -t 1.1.1.1:80 -s rr --drain 30 --idle-reset\n"
                       "- -A -t 1.1.1.1:81 -s rr --drain finish\n"
                       "+ -A -t 1.1.1.1:81 -s rr --drain reset\n";
    EXPECT_EQ(diff(wanted).out, said);
    EXPECT_EQ(apply(wanted).out, said);
    EXPECT_EQ(run("-Sn").out, wanted);
    EXPECT_EQ(run("-E -t 1.1.1.1:80 -s rr").exit, 0);
    EXPECT_EQ(run("-Sn").out, "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:81 -s rr --drain reset\n");
}

TEST_F(Table, of_a_wrong_file_is_trouble_and_nothing_changes) {
    run("-R", old_table);
    for (const char* file :
         {"-C\n", "-A -u 1.1.1.1:80 -p --pe sip\n", "-A -t 1.1.1.1:80 -s rr\n-A -t 1.1.1.1:80 -s rr\n", "x\n"}) {
        EXPECT_EQ(diff(file).exit, 2) << file;
        const Outcome o = apply(file);
        EXPECT_EQ(o.exit, 2) << file;
        EXPECT_NE(o.err.find("nothing was changed"), std::string::npos) << o.err;
    }
    EXPECT_EQ(apply("-C\n").err, "line 1: a table is made of -A and -a lines: -C\n"
                                 "bpvsadm: 1 of 2 lines is wrong; nothing was changed.\n");
    EXPECT_EQ(run("-Sn").out, old_table);
}

TEST_F(Table, becomes_the_file_and_what_is_in_both_is_not_touched) {
    run("-R", old_table);
    const u32 stays = run.lab.record(0x102), goes = run.lab.record(0x101);
    run.lab.tables.dests[stays].active = 4;
    run.lab.tables.counters[stays] = {.conns = 9};
    run.lab.tables.counters[run.lab.tables.config.max_dests + run.lab.element().id] = {.conns = 20};
    EXPECT_EQ(apply(new_table, true).out, difference);
    EXPECT_EQ(run("-Sn").out, old_table);
    const Outcome o = apply(new_table);
    EXPECT_EQ(o.exit, 0);
    EXPECT_EQ(o.out, difference);
    EXPECT_EQ(run("-Sn").out, new_table);
    EXPECT_EQ(run.lab.record(0x102), stays);
    const auto view = run.lab.director.find(tcp());
    EXPECT_EQ(view->counters.conns, 20u);
    EXPECT_EQ(view->servers[1].active, 4u);
    EXPECT_EQ(view->servers[1].counters.conns, 9u);
    EXPECT_EQ(run.lab.tables.dests[goes].service, no_id);
    EXPECT_EQ(apply(new_table).out, "");
}

TEST_F(Table, keeps_the_turn_of_a_service_that_does_not_differ) {
    run("-R", old_table);
    EXPECT_EQ(run.lab.picks(3), "258257258");
    apply(std::string(old_table) + "-A -t 1.1.1.1:82 -s rr\n");
    EXPECT_EQ(run.lab.picks(2), "257258");
}

/// A random table as -R takes it: few names, so that two tables have much in common.
std::string random_table(std::mt19937& random) {
    const auto below = [&](u32 n) { return static_cast<u32>(random() % n); };
    std::string text;
    for (u32 port = 1; port <= 6; ++port) {
        if (below(3) == 0)
            continue;
        const std::string service = fmt::format("-{} 1.1.1.1:{}", port % 2 ? 't' : 'u', port);
        text += fmt::format("-A {} -s {}\n", service, below(2) ? "rr" : "wrr");
        for (u32 n = 1; n <= 5; ++n)
            if (below(2))
                text += fmt::format("-a {} -r 172.16.0.{}:{} -m -w {}\n", service, n, 80 + below(2), below(3));
    }
    return text;
}

TEST_F(Table, applied_to_any_other_leaves_no_difference_and_keeps_the_records_of_servers_in_both) {
    const char* given = std::getenv("BPVS_TEST_SEED");
    const u32 seed = given ? static_cast<u32>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    std::printf("BPVS_TEST_SEED=%u\n", seed);
    std::mt19937 random(seed);
    const auto records = [&] { // by line of -Sn, without the weight
        std::map<std::string, u32> ids;
        for (u32 id = 0; id < run.lab.tables.config.used_dests; ++id) {
            const Dest& d = run.lab.tables.dests[id];
            if (d.service != no_id)
                ids[fmt::format("{} {} {} {}", static_cast<int>(d.protocol), from_be16(d.vport),
                                from_be32(d.addr.word[0]), from_be16(d.port))] = id;
        }
        return ids;
    };
    for (int i = 0; i < 200 && !HasFailure(); ++i) {
        ASSERT_EQ(run("--replace", random_table(random)).exit, 0);
        const auto before = records();
        const std::string wanted = random_table(random);
        ASSERT_EQ(apply(wanted).exit, 0);
        const Outcome left = diff(wanted);
        EXPECT_EQ(left.exit, 0);
        EXPECT_EQ(left.out, "");
        EXPECT_EQ(diff(run("-Sn").out).out, "");
        for (const auto& [name, id] : records()) {
            const auto it = before.find(name);
            EXPECT_EQ(it == before.end() ? id : it->second, id) << name;
        }
    }
}

} // namespace
} // namespace bpvs::cli
