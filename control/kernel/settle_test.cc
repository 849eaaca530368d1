#include "control/kernel/settle.hh"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <thread>

namespace bpvs::kernel {
namespace {

using std::chrono::milliseconds;
using List = std::vector<int>;

List cpus_allowed() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    List cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set))
            cpus.push_back(cpu);
    return cpus;
}

TEST(Settle, reads_lists_of_cpus) {
    EXPECT_EQ(cpus_in("0"), List({0}));
    EXPECT_EQ(cpus_in("0-3,8,10-11"), List({0, 1, 2, 3, 8, 10, 11}));
    EXPECT_EQ(cpus_in(""), List());
    for (const char* wrong : {"a", "0-", "3-1", "0,", ",0", "0 1", "-1", "0-99999999"})
        EXPECT_EQ(cpus_in(wrong), std::nullopt) << wrong;
}

TEST(Settle, runs_on_each_cpu_and_leaves_the_caller_where_it_may_run) {
    const List before = cpus_allowed();
    EXPECT_TRUE(run_on_all(before, milliseconds(5000)));
    EXPECT_EQ(cpus_allowed(), before);
}

TEST(Settle, says_so_when_it_may_not_run_on_one) {
    EXPECT_FALSE(run_on_all({0, CPU_SETSIZE - 1}, milliseconds(5000)));
    EXPECT_FALSE(run_on_all({0, CPU_SETSIZE}, milliseconds(5000)));
    EXPECT_FALSE(run_on_all({}, milliseconds(5000)));
}

bool stay_on(int cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    return sched_setaffinity(0, sizeof only, &only) == 0;
}

/// What it stands on: when it returns, whoever held a CPU without letting go of it has let go. A thread that cannot be
/// preempted by ours stands in for a packet program.
void hold_a_cpu_and_wait_for_it() {
    const List cpus = cpus_allowed();
    if (cpus.size() < 2)
        GTEST_SKIP() << "needs two CPUs";
    const int cpu = cpus[1];
    ASSERT_TRUE(stay_on(cpus[0]));
    std::atomic<bool> holding = false;
    std::atomic<bool> released = false;
    std::atomic<bool> refused = false;
    std::thread holder([&] {
        const sched_param most{.sched_priority = 10};
        refused = !stay_on(cpu) || sched_setscheduler(0, SCHED_FIFO, &most) != 0;
        holding = true;
        const auto end = std::chrono::steady_clock::now() + milliseconds(refused ? 0 : 300);
        while (std::chrono::steady_clock::now() < end) {
        }
        released = true;
    });
    while (!holding)
        std::this_thread::yield();
    if (refused) {
        holder.join();
        GTEST_SKIP() << "real-time scheduling needs a privilege";
    }
    EXPECT_FALSE(run_on_all({cpu}, milliseconds(1)));
    EXPECT_FALSE(released);
    EXPECT_TRUE(run_on_all({cpu}, milliseconds(5000)));
    EXPECT_TRUE(released);
    holder.join();
}

TEST(Settle, does_not_return_before_a_cpu_that_is_held_lets_go) {
    std::thread(hold_a_cpu_and_wait_for_it).join(); // its thread is bound to a CPU, ours is not
}

} // namespace
} // namespace bpvs::kernel
