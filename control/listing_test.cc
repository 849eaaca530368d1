// What the listings show while packets count.
#include "control/test_lab.hh"
#include "control/test_store.hh"

#include <chrono>

namespace bpvs {
namespace {

TEST(Zero, is_a_base_that_listings_subtract_and_ends_the_rates) {
    Lab lab;
    lab.add("rr", {1, 1});
    lab.add("rr", {1}, tcp(81));
    const u32 id = lab.record(1);
    const u32 other = lab.record(1, tcp(81));
    const u32 of_service = lab.tables.config.max_dests + lab.element().id;
    lab.tables.counters[id] = {.conns = 10, .in_packets = 20, .in_bytes = 2000};
    lab.tables.counters[of_service].conns = 10;
    lab.tables.counters[other].conns = 5;
    lab.tables.rates[id] = {.last = {.conns = 9}, .cps = 4096};
    OK(lab.director.zero(tcp()));
    lab.tables.counters[id].conns += 2;
    const auto view = lab.director.find(tcp());
    EXPECT_EQ(view->counters.conns, 0u);
    EXPECT_EQ(view->servers[1].counters.conns, 2u);
    EXPECT_EQ(view->servers[1].counters.in_bytes, 0u);
    EXPECT_EQ(view->servers[1].rates.cps, 0u);
    EXPECT_EQ(lab.tables.rates[id].last.conns, 10u) << "the next sample must not count the past again";
    EXPECT_EQ(lab.director.find(tcp(81))->servers[0].counters.conns, 5u);
    OK(lab.director.zero(std::nullopt));
    EXPECT_EQ(lab.director.find(tcp(81))->servers[0].counters.conns, 0u);
}

TEST(Rates, are_rounded_as_ipvs_does) {
    Lab lab;
    lab.add("rr", {1});
    lab.tables.rates[lab.record(1)] = {.cps = 512, .in_pps = 513, .out_pps = 10240, .in_bps = 16, .out_bps = 17};
    const RateView r = lab.director.find(tcp())->servers[0].rates;
    EXPECT_EQ(r.cps, 0u);
    EXPECT_EQ(r.in_pps, 1u);
    EXPECT_EQ(r.out_pps, 10u);
    EXPECT_EQ(r.in_bps, 0u);
    EXPECT_EQ(r.out_bps, 1u);
}

TEST(Connections, are_the_live_ones_with_whole_seconds_left) {
    Lab lab({.connections = 8, .hz = 100});
    lab.tables.table.high_water = 4;
    const auto slot = [&](u32 i, Life life, u64 jiffies_left) {
        lab.tables.conns[i] = {.client = address(192, 168, 1, 1),
                               .cport = to_be16(static_cast<u16>(1000 + i)),
                               .status = {.is = {.life = life, .state = State::syn_recv, .flags = 0}},
                               .expires = lab.tables.jiffies + jiffies_left};
    };
    slot(0, Life::live, 199);
    slot(1, Life::limbo, 199);
    slot(2, Life::live, 0);
    slot(3, Life::building, 199);
    slot(4, Life::live, 199);
    const auto all = lab.director.connections();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(from_be16(all[0].cport), 1000);
    EXPECT_EQ(all[0].seconds, 1u);
    EXPECT_EQ(all[0].state, State::syn_recv);
}

TEST(Connections, are_shown_one_by_one_with_their_mark_until_the_visitor_has_enough) {
    Lab lab;
    lab.tables.table.high_water = 3;
    for (u32 i = 0; i < 3; ++i)
        lab.tables.conns[i] = {.cport = to_be16(static_cast<u16>(i)),
                               .dest_id = i,
                               .status = {.is = {.life = Life::live, .state = State::udp, .flags = 0}},
                               .expires = lab.tables.jiffies + 1000};
    lab.tables.dests[1].fwmark = 7;
    std::vector<u32> marks;
    lab.director.each_connection([&](const ConnectionView& c) {
        marks.push_back(c.fwmark);
        return marks.size() < 2;
    });
    EXPECT_EQ(marks, (std::vector<u32>{0, 7}));
}

/// Another command changes the services while they are being read.
class BusyStore : public WatchedStore {
public:
    BusyStore(Store& store, sim::Tables& tables, int changes) : WatchedStore(store), tables_(tables), left_(changes) {}

    Result<std::vector<std::pair<ServiceKey, Service>>> services() override {
        auto before = WatchedStore::services();
        if (left_-- > 0) {
            auto [key, s] = *tables_.services.begin();
            std::fill_n(tables_.words.begin() + s.set_offset, s.set_words, 0xdeadbeef); // the old block is used again
            s.set_offset = s.set_words = s.entries = 0;
            s.start = static_cast<u64>(left_);
            EXPECT_EQ(tables_.services.update(key, s), sim::Update::ok);
        }
        return before;
    }

private:
    sim::Tables& tables_;
    int left_;
};

TEST(List, without_the_lock_does_not_mix_two_configurations) {
    Lab lab;
    lab.add("rr", {1, 1});
    BusyStore busy(lab.store, lab.tables, 1);
    const auto list = Director(busy).list();
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->front().servers.size(), 0u);

    BusyStore never_quiet(lab.store, lab.tables, 1000000);
    REFUSED(Errc::system, Director(never_quiet).list());
}

TEST(List, refuses_tables_that_contradict_themselves) {
    Lab lab;
    lab.add("rr", {1});
    lab.tables.words[lab.element().set_offset] = 12345;
    REFUSED(Errc::system, lab.director.list());
    REFUSED(Errc::system, lab.director.edit_server(tcp(), server(1, 2)));
}

/// Counts the calls that read many elements.
class CountingStore : public WatchedStore {
public:
    using WatchedStore::WatchedStore;
    Result<std::vector<Counters>> counters(u32 first, u32 count) override {
        calls += count > 1 ? 1 : 0;
        return WatchedStore::counters(first, count);
    }
    Result<std::vector<std::pair<ServiceKey, Service>>> services() override {
        ++calls;
        return WatchedStore::services();
    }
    int calls = 0;
};

TEST(TenThousandServices, are_loaded_by_one_command_and_listed_in_few_calls) {
    constexpr u32 count = 10000;
    sim::Tables tables({.connections = 1, .max_dests = 3 * count, .max_services = count, .max_words = 1u << 20});
    sim::MemoryStore memory(tables);
    CountingStore store(memory);
    const auto begin = std::chrono::steady_clock::now();
    {
        Director director(store);
        for (u32 i = 0; i < count; ++i) {
            const ServiceName name = tcp(static_cast<u16>(i + 1));
            OK(director.add_service(service(name)));
            for (u32 n = 1; n <= 3; ++n)
                OK(director.add_server(name, server(n)));
        }
        EXPECT_LE(store.calls, 2);
        store.calls = 0;
    }
    const auto list = Director(store).list();
    ASSERT_TRUE(list);
    EXPECT_EQ(list->size(), count);
    EXPECT_LE(store.calls, 4);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    RecordProperty("seconds", std::to_string(seconds.count()));
}

} // namespace
} // namespace bpvs
