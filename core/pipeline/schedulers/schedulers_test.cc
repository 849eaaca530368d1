// Every scheduler makes IPVS's choices: sequences and hash vectors measured on the real IPVS (Linux 6.1).
#include "control/test_lab.hh"
#include "core/pipeline/schedule.hh"
#include "sim/env.hh"

#include <array>
#include <cmath>
#include <map>
#include <random>

namespace bpvs {
namespace {

/// The servers of the measurements are 172.16.1.1, 2, 3.
Address address_of(u32 n) { return rip(0x100 + n); }
ServerSpec rs(u32 n, u32 weight = 1) { return server(0x100 + n, weight); }

/// What becomes of a connection before the next one is scheduled.
enum class Then { stays, closes };

/// A service with servers 1, 2, 3 … and the packet path's choice for it.
class Farm {
public:
    Farm(const std::string& scheduler, const std::vector<u32>& weights, u32 flags = 0) {
        set_up(scheduler, weights, flags);
    }

    void set_up(const std::string& scheduler, const std::vector<u32>& weights, u32 flags) {
        OK(lab.director.add_service({.name = tcp(), .scheduler = scheduler, .sched_flags = flags}));
        for (u32 n = 1; n <= weights.size(); ++n)
            OK(lab.director.add_server(tcp(), rs(n, weights[n - 1])));
    }

    /// Number of the server chosen; 0: none.
    u32 pick(const Flow& flow) {
        const Service& s = lab.element();
        tables.workspace()->tried = tried;
        const u32 id = tables.choose(s, flow);
        if (id == no_id)
            return 0;
        EXPECT_EQ(lab.tables.dests[id].service, s.id);
        last = id;
        return from_be32(lab.tables.dests[id].addr.word[0]) & 0xff;
    }

    std::string picks(int count, Then then = Then::stays) {
        std::string digits;
        for (int i = 0; i < count; ++i) {
            const u32 n = pick(Flow{.saddr = address(192, 168, 1, 1), .daddr = vip});
            digits += std::to_string(n);
            if (n != 0)
                add(then == Then::stays ? dest().active : dest().inactive, last);
        }
        return digits;
    }

    std::string by_client(int count) {
        std::string digits;
        for (u32 k = 1; k <= static_cast<u32>(count); ++k)
            digits += std::to_string(pick(Flow{.saddr = address(192, 168, 1, k), .daddr = vip}));
        return digits;
    }

    std::string by_port(int count) {
        std::string digits;
        for (int k = 0; k < count; ++k)
            digits += std::to_string(pick(Flow{.saddr = address(192, 168, 1, 1),
                                               .daddr = vip,
                                               .sport = to_be16(static_cast<u16>(3000 + k)),
                                               .dport = to_be16(80)}));
        return digits;
    }

    /// One more connection, as packets count it.
    void add(u32& which, u32 id, u32 change = 1) {
        which += change;
        note_change(tables, id);
    }

    Dest& dest() { return lab.tables.dests[last]; }
    Dest& dest_of(u32 n) { return lab.tables.dests[lab.record(0x100 + n)]; }

    Lab lab;
    sim::SimTables tables{lab.tables};
    Tried tried{};
    u32 last = no_id;
};

std::string held(const std::string& scheduler, const std::vector<u32>& weights, int count = 18) {
    return Farm(scheduler, weights).picks(count);
}
std::string closed(const std::string& scheduler, const std::vector<u32>& weights, int count = 18) {
    return Farm(scheduler, weights).picks(count, Then::closes);
}

TEST(Lc, least_connections_whatever_the_weight) {
    EXPECT_EQ(held("lc", {1, 1, 1}), "321321321321321321");
    EXPECT_EQ(held("lc", {5, 3, 1}), "321321321321321321");
    EXPECT_EQ(closed("lc", {5, 3, 1}), "321321321321321321");
}

TEST(Wlc, least_connections_by_weight) {
    EXPECT_EQ(held("wlc", {1, 1, 1}), "321321321321321321");
    EXPECT_EQ(held("wlc", {5, 3, 1}), "321121121321121121");
    EXPECT_EQ(closed("wlc", {5, 3, 1}, 9), "321121121");
    EXPECT_EQ(held("wlc", {1, 3, 5}, 9), "321323323");
}

TEST(Sed, shortest_expected_delay) {
    EXPECT_EQ(held("sed", {1, 1, 1}), "321321321321321321");
    EXPECT_EQ(held("sed", {5, 3, 1}), "121121321121121321");
    EXPECT_EQ(closed("sed", {5, 3, 1}, 6), "111111");
    EXPECT_EQ(held("sed", {1, 3, 5}, 9), "323323321");
}

TEST(Nq, an_idle_server_first) {
    EXPECT_EQ(held("nq", {1, 1, 1}), "321321321321321321");
    EXPECT_EQ(held("nq", {5, 3, 1}), "321112121121121321");
    EXPECT_EQ(closed("nq", {5, 3, 1}, 4), "3333");
    EXPECT_EQ(held("nq", {1, 3, 5}), "321332332323323321");
}

TEST(Fo, the_highest_weight_as_long_as_it_can) {
    EXPECT_EQ(held("fo", {1, 1, 1}, 4), "3333");
    EXPECT_EQ(held("fo", {5, 3, 1}, 4), "1111");
    Farm farm("fo", {5, 3, 1});
    ServerSpec limited = rs(1, 5);
    limited.upper = 9;
    OK(farm.lab.director.edit_server(tcp(), limited));
    farm.dest_of(1).overloaded = 1;
    EXPECT_EQ(farm.picks(3), "222");
    OK(farm.lab.director.edit_server(tcp(), rs(2, 0)));
    EXPECT_EQ(farm.picks(3), "333");
}

TEST(Ovf, the_highest_weight_until_it_overflows) {
    EXPECT_EQ(held("ovf", {1, 1, 1}, 8), "33221100");
    EXPECT_EQ(held("ovf", {5, 3, 1}, 13), "1111112222330");
    EXPECT_EQ(closed("ovf", {5, 3, 1}, 4), "1111");
}

TEST(Lblc, an_address_stays_until_its_server_is_overloaded) {
    EXPECT_EQ(held("lblc", {1, 1, 1}, 9), "332211111");
    EXPECT_EQ(held("lblc", {5, 3, 1}), "332222111111111111");
    EXPECT_EQ(closed("lblc", {5, 3, 1}, 4), "3333");
}

TEST(Lblcr, an_address_has_a_set_of_servers) {
    EXPECT_EQ(held("lblcr", {1, 1, 1}, 12), "332211123123");
    EXPECT_EQ(held("lblcr", {5, 3, 1}), "332222111111121121");
    EXPECT_EQ(closed("lblcr", {5, 3, 1}, 4), "3333");
}

TEST(Lblc, addresses_do_not_disturb_each_other) {
    Farm farm("lblc", {1, 1, 1});
    const auto to = [&](u32 k) {
        return farm.pick(Flow{.saddr = address(192, 168, 1, 1), .daddr = address(10, 0, 0, k)});
    };
    EXPECT_EQ(to(1), 3u);
    farm.dest().active++;
    EXPECT_EQ(to(2), 2u);
    EXPECT_EQ(to(1), 3u);
    OK(farm.lab.director.delete_server(tcp(), Family::v4, address_of(3), to_be16(80)));
    EXPECT_NE(to(1), 3u);
}

TEST(Lblc, a_service_that_gets_its_scheduler_anew_has_forgotten_all_addresses) {
    for (const std::string name : {"lblc", "lblcr"}) {
        Farm farm(name, {1, 1, 1});
        EXPECT_EQ(farm.picks(1), "3") << name;
        const auto edit = [&](const std::string& scheduler) {
            OK(farm.lab.director.edit_service({.name = tcp(), .scheduler = scheduler}));
        };
        edit(name);
        OK(farm.lab.director.edit_server(tcp(), rs(2, 3)));
        EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 3u) << name << " goes on";
        edit("rr");
        edit(name);
        EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 2u) << name << " begins anew";
        farm.dest().active++;
        OK(farm.lab.director.delete_service(tcp()));
        farm.set_up(name, {1, 1, 1}, 0);
        EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 1u) << name << " of another service";
    }
}

TEST(Lblcr, a_set_shrinks_after_a_day_without_a_change) {
    Farm farm("lblcr", {1, 1, 1});
    farm.picks(9);
    const u64 day = u64{86401} * farm.lab.tables.config.hz;
    const LocalityKey key{vip, farm.lab.element().id};
    ASSERT_EQ(farm.lab.tables.localities.lookup(key)->count, 3u);
    farm.lab.tables.localities.lookup(key)->modified -= day;
    farm.picks(1);
    EXPECT_EQ(farm.lab.tables.localities.lookup(key)->count, 2u);
    farm.lab.tables.localities.lookup(key)->used -= day;
    farm.picks(1);
    EXPECT_EQ(farm.lab.tables.localities.lookup(key)->count, 1u);
}

TEST(Lblc, an_address_is_forgotten_after_lblc_expiration) {
    for (const char* scheduler : {"lblc", "lblcr"}) {
        Farm farm(scheduler, {1, 1, 1});
        const bool by_set = farm.lab.element().scheduler == Scheduler::lblcr;
        Settings& settings = farm.lab.tables.config.settings;
        (by_set ? settings.lblcr_expiration : settings.lblc_expiration) = 100;
        (by_set ? settings.lblc_expiration : settings.lblcr_expiration) = 5; // the other's
        const LocalityKey key{vip, farm.lab.element().id};
        const auto forgotten_after = [&](u64 jiffies) {
            farm.picks(1);
            const u64 since = farm.lab.tables.localities.lookup(key)->modified;
            farm.lab.tables.jiffies += jiffies;
            farm.picks(1);
            return farm.lab.tables.localities.lookup(key)->modified != since;
        };
        const u64 time = u64{100} * farm.lab.tables.config.hz;
        EXPECT_FALSE(forgotten_after(time)) << scheduler;
        EXPECT_TRUE(forgotten_after(time + 1)) << scheduler;
    }
}

TEST(Sh, ipvs_vectors_by_client) {
    EXPECT_EQ(Farm("sh", {1, 1, 1}).by_client(32), "23232121213131323232123313122313");
    EXPECT_EQ(Farm("sh", {5, 3, 1}).by_client(32), "23121111113122312111111312221221");
    EXPECT_EQ(Farm("sh", {1, 1, 1}, 0x10).by_port(32), "12121313132321212331312231321232");
}

TEST(Sh, a_server_that_cannot_take_its_clients) {
    EXPECT_EQ(Farm("sh", {1, 0, 1}, 0x8).by_client(32), "13131111113131313131113313111313");
    EXPECT_EQ(Farm("sh", {1, 0, 1}).by_client(8), "03030101");
    Farm farm("sh", {1, 1, 1});
    OK(farm.lab.director.delete_server(tcp(), Family::v4, address_of(2), to_be16(80)));
    EXPECT_EQ(farm.by_client(32), "33333111133333111113333111113333");
}

TEST(Dh, ipvs_vectors_by_destination) {
    Farm farm("dh", {1, 1, 1});
    std::string digits;
    for (u32 k = 1; k <= 24; ++k)
        digits += std::to_string(farm.pick(Flow{.saddr = address(192, 168, 1, 1), .daddr = address(10, 0, 0, k)}));
    EXPECT_EQ(digits, "312132313232331212231313");
}

TEST(Mh, ipvs_vectors_by_client) {
    EXPECT_EQ(Farm("mh", {1, 1, 1}).by_client(32), "32331132221331113132231311332221");
    EXPECT_EQ(Farm("mh", {5, 3, 1}).by_client(32), "12131122221211111132221211212221");
    EXPECT_EQ(Farm("mh", {1, 1, 1}, 0x10).by_port(32), "13131322212223123331131312313312");
}

TEST(Mh, a_server_that_cannot_take_its_clients) {
    Farm falls_back("mh", {1, 1, 1}, 0x8);
    OK(falls_back.lab.director.edit_server(tcp(), rs(2, 0)));
    EXPECT_EQ(falls_back.by_client(32), "31331131131331113133331311333331");
    Farm farm("mh", {1, 1, 1});
    OK(farm.lab.director.edit_server(tcp(), rs(2, 0)));
    EXPECT_EQ(farm.by_client(8), "30331130");
    OK(farm.lab.director.delete_server(tcp(), Family::v4, address_of(2), to_be16(80)));
    EXPECT_EQ(farm.by_client(32), "31331131311331113331131311331131");
}

TEST(Twos, chooses_about_as_the_weights_say) {
    Farm farm("twos", {3, 2, 1});
    std::map<u32, int> count;
    for (int i = 0; i < 6000; ++i) {
        ++count[farm.pick(Flow{.daddr = vip})];
        farm.dest().active++;
    }
    EXPECT_NEAR(count[1], 3000, 30);
    EXPECT_NEAR(count[2], 2000, 30);
    EXPECT_NEAR(count[3], 1000, 30);
}

/// One server of a measurement: its weight, and the connections it has all the while.
struct Loaded {
    u32 weight, active;
};

/// How often of `times` IPVS's rules choose each server, as expected: two numbers of 0 … sum of the weights are drawn
/// (so the first of the list, the one added last, has one more chance than it weighs), the second server wins if it has
/// strictly less for its weight.
std::vector<double> expected_of_twos(const std::vector<Loaded>& servers, int times) {
    double total = 1;
    for (const Loaded& s : servers)
        total += s.weight;
    std::vector<double> drawn, chosen(servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i)
        drawn.push_back((servers[i].weight + (i + 1 == servers.size())) / total);
    for (std::size_t a = 0; a < servers.size(); ++a)
        for (std::size_t b = 0; b < servers.size(); ++b) {
            const bool second = servers[a].active * servers[b].weight > servers[b].active * servers[a].weight;
            chosen[second ? b : a] += drawn[a] * drawn[b] * times;
        }
    return chosen;
}

TEST(Twos, draws_each_server_as_often_as_ipvs) {
    constexpr int times = 100'000;
    const std::vector<std::vector<Loaded>> farms{{{1, 0}, {1, 0}},
                                                 {{1, 0}, {1, 5}},
                                                 {{3, 0}, {2, 0}, {1, 0}},
                                                 {{5, 10}, {3, 3}, {1, 1}},
                                                 {{1, 7}, {2, 1}, {3, 9}, {4, 0}, {100, 300}}};
    for (const std::vector<Loaded>& servers : farms) {
        std::vector<u32> weights;
        for (const Loaded& s : servers)
            weights.push_back(s.weight);
        Farm farm("twos", weights);
        for (u32 n = 1; n <= servers.size(); ++n)
            farm.dest_of(n).active = servers[n - 1].active;
        std::map<u32, int> count;
        for (int i = 0; i < times; ++i)
            ++count[farm.pick(Flow{.daddr = vip})];
        const std::vector<double> expected = expected_of_twos(servers, times);
        for (u32 n = 1; n <= servers.size(); ++n) // five times the standard deviation of a binomial count
            EXPECT_NEAR(count[n], expected[n - 1],
                        5 * std::sqrt(expected[n - 1] * (1 - expected[n - 1] / times)) + 1e-9)
                << servers.size() << " servers, number " << n;
    }
}

// Long lists.

const std::array by_load{least_connections(), weighted_connections(), expected_delay(), never_queue(), failover(),
                         overflow()};
constexpr std::array of_measure{"lc", "wlc", "sed", "nq", "fo", "ovf"};

/// Of 200 servers: what a walk over the whole list finds.
u32 by_walk(Farm& farm, const Measure& by) {
    const Service& s = farm.lab.element();
    Workspace& w = *farm.tables.workspace();
    w.tried = {};
    w.by = by;
    w.list = ListSearch{s.set_offset, 0, nobody};
    farm.tables.walk(s.entries, w.list);
    return w.list.best.id;
}

TEST(Groups, find_what_a_walk_finds) {
    std::mt19937 random{7};
    const auto below = [&](u32 n) { return static_cast<u32>(random() % n); };
    for (std::size_t k = 0; k < by_load.size(); ++k) {
        std::vector<u32> weights;
        for (u32 n = 0; n < 200; ++n)
            weights.push_back(below(8) == 0 ? 0 : 1 + below(3));
        Farm farm(of_measure[k], weights);
        ASSERT_GT(farm.lab.element().segments, 1u);
        std::vector<u32> ids;
        for (u32 n = 1; n <= 200; ++n)
            ids.push_back(farm.lab.record(0x100 + n));
        u32 without_look = 0;
        for (int i = 0; i < 20'000; ++i) {
            const u32 id = ids[below(200)];
            Dest& d = farm.lab.tables.dests[id];
            switch (below(5)) {
            case 0:
                farm.add(d.active, id);
                break;
            case 1:
                farm.add(d.inactive, id);
                break;
            case 2:
                farm.add(d.active, id, 0u - d.active);
                farm.add(d.inactive, id, 0u - d.inactive);
                break;
            case 3:
                d.overloaded ^= below(4) == 0;
                note_change(farm.tables, id);
                break;
            default: // nothing has changed: the groups remember
                ++without_look;
            }
            farm.tables.workspace()->by = half_idle();
            const u32 one = best_of(farm.tables, farm.lab.element(), *farm.tables.workspace());
            ASSERT_EQ(one == no_id, by_walk(farm, half_idle()) == no_id) << i;
            const u32 n = farm.pick(Flow{.daddr = vip});
            const u32 expected = by_walk(farm, by_load[k]);
            ASSERT_EQ(n == 0 ? no_id : farm.last, expected) << of_measure[k] << ", choice " << i;
            if (n != 0 && below(2) == 0)
                farm.add(farm.dest().active, farm.last);
        }
        EXPECT_GT(without_look, 3000u);
    }
}

TEST(Groups, do_not_look_at_servers_that_nothing_has_changed_at) {
    Farm farm("lc", std::vector<u32>(200, 1));
    for (u32 n = 1; n <= 200; ++n)
        farm.dest_of(n).active = 5;
    EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 200u);
    farm.dest_of(50).active = 0; // not told
    EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 200u);
    note_change(farm.tables, farm.lab.record(0x100 + 50));
    EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 50u);
}

TEST(Groups, hear_of_each_connection_that_begins_or_ends) {
    Farm farm("lc", std::vector<u32>(70, 1));
    ASSERT_GT(farm.lab.element().segments, 1u);
    u32 clients = 0;
    const auto connect = [&] {
        Flow flow{.saddr = address(192, 168, 1, 1),
                  .daddr = vip,
                  .sport = to_be16(static_cast<u16>(++clients)),
                  .dport = to_be16(80),
                  .protocol = IpProto::tcp,
                  .family = Family::v4};
        Found found{};
        EXPECT_EQ(open_connection(farm.tables, flow, 0, may_open, found), Reason::new_connection);
        return found;
    };
    Found found{};
    for (u32 i = 0; i < 140; ++i)
        found = connect();
    for (u32 n = 1; n <= 70; ++n)
        EXPECT_EQ(farm.dest_of(n).inactive, 2u) << n;
    const u32 id = found.conn->dest_id;
    farm.tables.end(found.index, Ending::quiet);
    EXPECT_EQ(connect().conn->dest_id, id);
}

TEST(Groups, of_a_new_list_remember_nothing) {
    Farm farm("wlc", std::vector<u32>(200, 1));
    for (int i = 0; i < 3; ++i)
        farm.pick(Flow{.daddr = vip});
    const u32 before = farm.last;
    OK(farm.lab.director.edit_server(tcp(), rs(200, 0)));
    farm.pick(Flow{.daddr = vip});
    EXPECT_NE(farm.last, before);
    OK(farm.lab.director.edit_server(tcp(), rs(200, 1)));
    farm.pick(Flow{.daddr = vip});
    EXPECT_EQ(farm.last, before);
    OK(farm.lab.director.delete_server(tcp(), Family::v4, address_of(200), to_be16(80)));
    farm.pick(Flow{.daddr = vip});
    EXPECT_NE(farm.last, before);
}

TEST(Groups, few_servers_or_scattered_ones_have_none) {
    EXPECT_EQ(Farm("lc", std::vector<u32>(64, 1)).lab.element().segments, 0u);
    EXPECT_GT(Farm("lc", std::vector<u32>(65, 1)).lab.element().segments, 1u);
    EXPECT_EQ(Farm("twos", std::vector<u32>(200, 1)).lab.element().segments, 0u);
}

TEST(Lblc, an_address_stays_when_servers_come_and_go) {
    for (const char* name : {"lblc", "lblcr"}) {
        Farm farm(name, std::vector<u32>(100, 1));
        ASSERT_NE(farm.pick(Flow{.daddr = vip}), 0u);
        const u32 chosen = farm.last;
        for (u32 n = 101; n <= 105; ++n) { // each moves all places
            OK(farm.lab.director.add_server(tcp(), rs(n)));
            farm.pick(Flow{.daddr = vip});
            EXPECT_EQ(farm.last, chosen) << name;
        }
    }
}

TEST(Twos, draws_around_overloaded_servers) {
    Farm farm("twos", {1, 0, 2, 1});
    farm.dest_of(1).overloaded = 1;
    std::map<u32, int> count;
    for (int i = 0; i < 30'000; ++i)
        ++count[farm.pick(Flow{.daddr = vip})];
    EXPECT_EQ(count.size(), 2u);
    // Both have no connection, so the first one drawn wins: 3 in proportion 2, and 4, the first of the list, 1 and 1.
    EXPECT_NEAR(count[3], 15'000, 450);
    EXPECT_NEAR(count[4], 15'000, 450);
    farm.dest_of(3).overloaded = farm.dest_of(4).overloaded = 1;
    EXPECT_EQ(farm.pick(Flow{.daddr = vip}), 0u);
}

// What every scheduler owes.

constexpr std::array all{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"};

TEST(Every, scheduler_passes_over_servers_of_weight_0) {
    for (const std::string name : all) {
        EXPECT_EQ(Farm(name, {0, 0, 0}).picks(2), "00") << name;
        EXPECT_EQ(Farm(name, {}).picks(2), "00") << name;
        Farm farm(name, {0, 1, 0}, name == "sh" || name == "mh" ? 0x8 : 0);
        const std::string picks = farm.picks(2);
        EXPECT_TRUE(picks == "22" || (name == "dh" && picks == "00")) << name << " " << picks;
    }
}

TEST(Every, scheduler_that_looks_at_servers_passes_over_one_that_was_tried) {
    for (const std::string name : all) {
        if (name == "rr" || name == "wrr") // the next position is another one
            continue;
        Farm farm(name, {1, 1, 1});
        const Flow flow{.saddr = address(192, 168, 1, 1), .daddr = vip};
        std::string seen;
        for (int i = 0; i < 3; ++i) {
            const u32 n = farm.pick(flow);
            ASSERT_NE(n, 0u) << name;
            EXPECT_EQ(seen.find(std::to_string(n)), std::string::npos) << name;
            seen += std::to_string(n);
            farm.tried.ids[farm.tried.count++] = farm.last;
        }
        EXPECT_EQ(farm.pick(flow), 0u) << name;
    }
}

TEST(Hashes, fold_ipv6_addresses) {
    const Address six{{to_be32(0x20010db8), to_be32(1), to_be32(2), to_be32(4)}};
    EXPECT_EQ(fold_address(six), 0x20010db8u ^ 1u ^ 2u ^ 4u);
    EXPECT_EQ(fold_address(address(192, 168, 1, 1)), 0xc0a80101u);
}

} // namespace
} // namespace bpvs
