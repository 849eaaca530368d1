#include "tests/scenarios/pool.hh"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <numeric>
#include <set>

namespace bpvs::scenario {

namespace {

std::vector<std::size_t> first(std::size_t n) {
    std::vector<std::size_t> all(n);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

std::map<std::size_t, Report> played(Pool& pool, std::size_t cases) {
    std::map<std::size_t, Report> reports;
    pool.play(first(cases), [&](std::size_t index, const Report& report) { reports.emplace(index, report); }, [] {});
    return reports;
}

Pool::Play says_its_process() {
    return [](std::size_t) { return "o" + std::to_string(getpid()); };
}

} // namespace

TEST(ScenarioPool, a_case_that_takes_its_process_with_it_fails_alone) {
    Pool pool(2, false, [] {
        return [](std::size_t index) -> Report {
            if (index == 3)
                _exit(7);
            return "o";
        };
    });
    const auto reports = played(pool, 8);
    ASSERT_EQ(reports.size(), 8u);
    for (const auto& [index, report] : reports)
        EXPECT_EQ(report, index == 3 ? "fthe process that played it ended with status 0x700" : "o");
}

TEST(ScenarioPool, processes_play_many_cases_or_one_each) {
    for (const bool process_each : {false, true}) {
        Pool pool(2, process_each, says_its_process);
        std::set<Report> processes;
        for (const auto& [index, report] : played(pool, 9))
            processes.insert(report);
        EXPECT_TRUE(process_each ? processes.size() == 9 : processes.size() <= 2) << processes.size();
    }
}

TEST(ScenarioPool, long_reports_arrive_whole) {
    Pool pool(1, false, [] { return [](std::size_t index) { return Report(1000000 + index, 'o'); }; });
    for (const auto& [index, report] : played(pool, 2))
        EXPECT_EQ(report.size(), 1000000 + index);
}

} // namespace bpvs::scenario
