// The sequences of rr and wrr are those of IPVS, through any change of servers.
#include "control/test_lab.hh"

#include <cstdlib>
#include <numeric>
#include <random>
#include <ranges>

namespace bpvs {
namespace {

std::string first_picks(const std::string& scheduler, const std::vector<u32>& weights, int count) {
    Lab lab;
    lab.add(scheduler, weights);
    return lab.picks(count);
}

TEST(Rr, takes_turns_beginning_with_the_server_added_last) {
    EXPECT_EQ(first_picks("rr", {1, 1, 1}, 18), "321321321321321321");
    EXPECT_EQ(first_picks("rr", {5, 3, 1}, 6), "321321");
}

TEST(Rr, skips_servers_of_weight_0) {
    EXPECT_EQ(first_picks("rr", {2, 2, 0}, 6), "212121");
    EXPECT_EQ(first_picks("rr", {0, 0, 0}, 2), "00");
    EXPECT_EQ(first_picks("rr", {}, 1), "0");
}

TEST(Rr, keeps_its_place_when_servers_come_and_go) {
    Lab lab;
    lab.add("rr", {1, 1});
    EXPECT_EQ(lab.picks(3), "212");
    OK(lab.director.add_server(tcp(), server(3)));
    EXPECT_EQ(lab.picks(6), "132132");
    OK(lab.director.delete_server(tcp(), Family::v4, rip(2), to_be16(80)));
    EXPECT_EQ(lab.picks(5), "13131");
    OK(lab.director.edit_server(tcp(), server(1, 0)));
    EXPECT_EQ(lab.picks(3), "333");
    OK(lab.director.edit_server(tcp(), server(1, 1)));
    EXPECT_EQ(lab.picks(4), "1313");
}

TEST(Wrr, follows_the_weights_as_ipvs_does) {
    EXPECT_EQ(first_picks("wrr", {1, 1, 1}, 6), "321321");
    EXPECT_EQ(first_picks("wrr", {5, 3, 1}, 18), "321112121321112121");
    EXPECT_EQ(first_picks("wrr", {1, 3, 5}, 9), "321333232");
    EXPECT_EQ(first_picks("wrr", {4, 3, 2}, 24), "321121321321121321321121");
    EXPECT_EQ(first_picks("wrr", {6, 4, 2}, 24), "321121321121321121321121");
    EXPECT_EQ(first_picks("wrr", {10, 1, 1}, 24), "321111111111321111111111");
    EXPECT_EQ(first_picks("wrr", {3, 0, 2}, 24), "311313113131131311313113");
    EXPECT_EQ(first_picks("wrr", {1, 2}, 6), "212212");
    EXPECT_EQ(first_picks("wrr", {100, 50}, 6), "211211");
    EXPECT_EQ(first_picks("wrr", {0, 0}, 1), "0");
}

TEST(Wrr, begins_at_the_top_when_the_service_is_edited_to_it) {
    Lab lab;
    lab.add("rr", {5, 3, 1});
    OK(lab.director.edit_service(service(tcp(), "wrr")));
    EXPECT_EQ(lab.picks(18), "112121321112121321");
}

TEST(Wrr, restarts_at_the_head_when_a_weight_is_edited) {
    Lab lab;
    lab.add("wrr", {5, 3, 1});
    EXPECT_EQ(lab.picks(4), "3211");
    OK(lab.director.edit_server(tcp(), server(1, 1)));
    EXPECT_EQ(lab.picks(10), "2232122321");
    OK(lab.director.edit_service(service(tcp(), "rr")));
    EXPECT_EQ(lab.picks(6), "321321");
}

TEST(Wrr, takes_the_largest_weights_of_ipvs) {
    Lab lab;
    lab.add("wrr", {2147483647, 1});
    EXPECT_EQ(lab.element().cycle, 2147483648u);
    EXPECT_EQ(lab.picks(4), "2111");
    REFUSED(Errc::not_supported, [&]() -> Result<void> {
        for (u32 n : {3u, 4u})
            if (auto r = lab.director.add_server(tcp(), server(n, 2147483646)); !r)
                return r;
        return {};
    }());
}

TEST(Edit, of_flags_without_another_scheduler_keeps_the_place) {
    for (const char* scheduler : {"rr", "wrr"}) {
        Lab lab;
        lab.add(scheduler, {1, 1, 1});
        EXPECT_EQ(lab.picks(4), "3213");
        OK(lab.director.edit_service(service(tcp(), scheduler)));
        EXPECT_EQ(lab.picks(3), "213");
    }
}

// IPVS's own machines: a pointer walks a list of servers, newest first.

struct Listed {
    u32 server;
    u32 weight;
};

class Machine {
public:
    virtual ~Machine() = default;
    virtual u32 pick() = 0;
    virtual void changed() {}

    void add(u32 server, u32 weight) {
        list_.insert(list_.begin(), {server, weight});
        pointer_ += pointer_ >= 0 ? 1 : 0;
        changed();
    }
    void remove(std::size_t i) {
        list_.erase(list_.begin() + static_cast<std::ptrdiff_t>(i));
        pointer_ -= pointer_ >= static_cast<int>(i) ? 1 : 0;
        changed();
    }
    void edit(std::size_t i, u32 weight) {
        list_[i].weight = weight;
        changed();
    }
    const std::vector<Listed>& list() const { return list_; }

protected:
    std::vector<Listed> list_;
    int pointer_ = -1; ///< -1: the list's head
};

class RrMachine : public Machine {
public:
    u32 pick() override {
        const int size = static_cast<int>(list_.size());
        for (int step = 1; step <= size; ++step) {
            const int at = (pointer_ + step) % size;
            if (list_[static_cast<std::size_t>(at)].weight > 0) {
                pointer_ = at;
                return list_[static_cast<std::size_t>(at)].server;
            }
        }
        return 0;
    }
};

class WrrMachine : public Machine {
public:
    void changed() override {
        pointer_ = -1;
        measure();
        if (cw_ > mw_ || cw_ == 0)
            cw_ = mw_;
        else if (di_ > 1)
            cw_ = cw_ / di_ * di_ + 1;
    }
    void bind(std::vector<Listed> list) {
        list_ = std::move(list);
        pointer_ = -1;
        measure();
        cw_ = mw_;
    }
    u32 pick() override {
        if (mw_ == 0)
            return 0;
        for (;;) {
            while (++pointer_ < static_cast<int>(list_.size()))
                if (const Listed& s = list_[static_cast<std::size_t>(pointer_)]; s.weight >= cw_)
                    return s.server;
            pointer_ = -1;
            cw_ = cw_ > di_ ? cw_ - di_ : mw_;
        }
    }

private:
    void measure() {
        di_ = 0;
        u32 highest = 0;
        for (const Listed& s : list_) {
            di_ = std::gcd(di_, s.weight);
            highest = std::max(highest, s.weight);
        }
        di_ = std::max(di_, 1u);
        mw_ = highest == 0 ? 0 : highest - (di_ - 1);
    }
    s64 cw_ = 0, mw_ = 0;
    u32 di_ = 1;
};

u32 random_seed() {
    if (const char* given = std::getenv("BPVS_TEST_SEED"))
        return static_cast<u32>(std::strtoul(given, nullptr, 10));
    return std::random_device{}();
}

/// One random life of a service: picks, additions, removals, edits; `switches`: also of the scheduler.
void live(u32 seed, bool wrr, bool switches) {
    SCOPED_TRACE("BPVS_TEST_SEED=" + std::to_string(seed) + (wrr ? " wrr" : " rr"));
    std::mt19937 random(seed);
    const auto below = [&](u32 n) { return static_cast<u32>(random() % n); };
    const u32 unit = std::vector<u32>{1, 1, 2, 3, 50}[below(5)];
    const u32 heaviest = std::vector<u32>{2, 5, 12, 100}[below(4)];
    const auto weight = [&] { return below(heaviest) * (below(8) == 0 ? 1 : unit); };

    Lab lab;
    std::unique_ptr<Machine> machine;
    const auto bind = [&](bool to_wrr, const std::vector<Listed>& list) { // `list` may be the old machine's
        std::unique_ptr<Machine> next;
        if (to_wrr) {
            auto m = std::make_unique<WrrMachine>();
            m->bind(list);
            next = std::move(m);
        } else {
            next = std::make_unique<RrMachine>();
            for (const Listed& l : std::views::reverse(list))
                next->add(l.server, l.weight);
        }
        machine = std::move(next);
    };
    bind(wrr, {});
    OK(lab.director.add_service(service(tcp(), wrr ? "wrr" : "rr")));
    u32 next = 0;
    for (int step = 0; step < 60; ++step) {
        const auto size = machine->list().size();
        const u32 action = below(switches ? 9 : 8);
        if (action < 2 && size < 12) {
            const u32 w = weight();
            machine->add(++next, w);
            OK(lab.director.add_server(tcp(), server(next, w)));
        } else if (action == 2 && size > 0) {
            const std::size_t i = below(static_cast<u32>(size));
            const u32 victim = machine->list()[i].server;
            machine->remove(i);
            OK(lab.director.delete_server(tcp(), Family::v4, rip(victim), to_be16(80)));
        } else if (action == 3 && size > 0) {
            const std::size_t i = below(static_cast<u32>(size));
            const u32 w = weight();
            machine->edit(i, w);
            OK(lab.director.edit_server(tcp(), server(machine->list()[i].server, w)));
        } else if (action == 8) {
            wrr = !wrr;
            bind(wrr, machine->list());
            OK(lab.director.edit_service(service(tcp(), wrr ? "wrr" : "rr")));
        } else {
            for (u32 n = below(8); n > 0; --n)
                ASSERT_EQ(lab.pick(), machine->pick()) << "step " << step;
        }
    }
    for (int n = 0; n < 300; ++n)
        ASSERT_EQ(lab.pick(), machine->pick()) << "in the end, pick " << n;
}

void lives(bool wrr, bool switches) {
    const u32 seed = random_seed();
    std::printf("BPVS_TEST_SEED=%u\n", seed);
    for (u32 i = 0; i < 400; ++i) {
        live(seed + i, wrr, switches);
        if (testing::Test::HasFatalFailure())
            return;
    }
}

TEST(Rr, goes_on_like_the_pointer_of_ipvs_through_any_changes) { lives(false, false); }
TEST(Wrr, goes_on_like_the_machine_of_ipvs_through_any_changes) { lives(true, false); }
TEST(Schedulers, can_be_exchanged_at_any_moment) { lives(false, true); }

} // namespace
} // namespace bpvs
