// A command may be killed at any instruction. Packets then see the old configuration or the new one, and
// so does the next command, after recover().
#include "control/draft.hh"
#include "control/test_lab.hh"
#include "control/test_store.hh"

#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <set>

namespace bpvs {
namespace {

using Command = std::function<Result<void>(Director&)>;

/// What packets find: each service in force, with its next picks. On a copy, because picks count.
std::string seen_by_packets(sim::Tables t) {
    std::map<std::string, std::string> lines;
    for (const auto& [key, service] : t.services) {
        if (key.generation != t.config.in_force.generation)
            continue;
        std::string picks;
        for (int i = 0; i < 14; ++i) {
            const u32 dest = next_dest(t, service);
            const bool joined = dest == no_id || t.dests[dest].service == service.id;
            picks += fmt::format(" {}{}", dest, joined ? "" : "!");
        }
        lines[fmt::format("{} {}", static_cast<int>(key.protocol), from_be16(key.vport))] = picks;
    }
    std::string text;
    for (const auto& [name, picks] : lines)
        text += name + picks + "\n";
    return text;
}

/// What commands show.
std::string listed(sim::Tables& t, bool counts) {
    sim::MemoryStore store(t);
    const auto services = Director(store).list();
    if (!services)
        return services.error().message;
    std::map<u16, std::string> lines;
    for (const ServiceView& s : *services) {
        std::string& line = lines[from_be16(s.spec.name.vport)];
        line = fmt::format("{} conns {}:", s.spec.scheduler, counts ? s.counters.conns : 0);
        for (const ServerView& r : s.servers)
            line += fmt::format(" {:x}*{} conns {} inact {}", from_be32(r.spec.addr.word[0]), r.spec.weight,
                                counts ? r.counters.conns : 0, r.inactive);
    }
    std::string text;
    for (const auto& [port, line] : lines)
        text += fmt::format("{} {}\n", port, line);
    return text;
}

void expect_derived_fields(const sim::Tables& t) {
    EXPECT_EQ(t.config.dirty, 0u);
    std::vector<u32> owner(t.dests.size(), no_id);
    u32 kinds = 0;
    decltype(Offered::ports) ports{};
    std::set<std::string> servers;
    const auto text = [](const ServerKey& k) { return std::string(reinterpret_cast<const char*>(&k), sizeof k); };
    for (const auto& [key, s] : t.services) {
        ASSERT_EQ(key.generation, t.config.in_force.generation) << "an element of another generation was left";
        EXPECT_LT(s.id, t.config.used_services);
        kinds |= s.fwmark != 0 ? mark_kind : s.vport == Be16{} ? wide_kind : one_port_kind;
        const OfferedBits bits = offered_bits(key.vip, key.vport);
        for (const u32 bit : {bits.first, bits.second})
            ports[bit / 32] |= s.fwmark == 0 ? 1u << bit % 32 : 0;
        for (u32 i = 0; i < s.entries; ++i) {
            SetEntry e{};
            std::memcpy(&e, &t.words[s.set_offset + i * set_entry_words], sizeof e);
            owner[e.dest] = s.id;
            const Dest& d = t.dests[e.dest];
            servers.insert(text({d.addr, d.port, s.fwmark != 0 ? IpProto::none : d.protocol, d.addr_family}));
            EXPECT_EQ(d.flags & dest_quiesced, e.weight == 0 ? dest_quiesced : 0);
            EXPECT_EQ((d.flags & dest_idle_reset) != 0, (s.flags & service_idle_reset) != 0);
            EXPECT_EQ(d.drain, s.drain);
            EXPECT_EQ(d.drained != 0, e.weight == 0 && s.drain != drain_unset && s.drain != drain_finish);
            EXPECT_EQ(t.dests[e.dest].upper, e.upper);
            EXPECT_EQ(t.dests[e.dest].lower, e.lower);
        }
    }
    std::set<std::string> known;
    for (const auto& [key, value] : t.servers)
        known.insert(text(key));
    EXPECT_EQ(known, servers) << "packets would find other real servers than there are";
    EXPECT_EQ(t.config.offered.kinds, kinds);
    EXPECT_TRUE(std::equal(std::begin(ports), std::end(ports), t.config.offered.ports));
    EXPECT_EQ(t.config.in_force.enabled, t.services.size() > 0 ? 1u : 0u);
    for (u32 id = 0; id < t.dests.size(); ++id)
        if (id < t.config.used_dests)
            EXPECT_EQ(t.dests[id].service, owner[id]) << "destination " << id;
        else
            EXPECT_EQ(owner[id], no_id) << "destination " << id << " is beyond used_dests";
}

/// Kills `command` at each point in turn. `counts`: the counters also belong to what changes whole or not at all.
void survives_at_any_point(const sim::Tables& before, const Command& command, bool counts = true) {
    sim::Tables after = before;
    sim::MemoryStore after_store(after);
    Director whole(after_store);
    OK(command(whole));
    expect_derived_fields(after);
    sim::Tables old = before;
    const std::string old_list = listed(old, counts), new_list = listed(after, counts);
    const std::string old_packets = seen_by_packets(before), new_packets = seen_by_packets(after);
    ASSERT_NE(old_list + old_packets, new_list + new_packets) << "the command changes nothing";

    bool finished = false;
    bool committed = false;
    for (int point = 0; !finished; ++point) {
        SCOPED_TRACE(fmt::format("killed at point {}", point));
        sim::Tables t = before;
        sim::MemoryStore store(t);
        DeadlyStore deadly(store, point);
        bool killed = false;
        try {
            Director director(deadly);
            OK(command(director));
            finished = true;
        } catch (const Killed&) {
            killed = true;
        }
        EXPECT_NE(killed, finished);
        const std::string packets = seen_by_packets(t);
        EXPECT_TRUE(packets == old_packets || packets == new_packets) << packets;
        Director next(store);
        OK(next.recover());
        expect_derived_fields(t);
        EXPECT_EQ(seen_by_packets(t), packets) << "recovery changed what packets see";
        const std::string list = listed(t, counts);
        EXPECT_TRUE(list == old_list || list == new_list) << list;
        EXPECT_TRUE(list == new_list || !committed) << "the change came and went";
        committed = list == new_list && new_list != old_list;
        OK(next.flush()); // the tables are still good for use
        OK(next.add_service(service(tcp(9999))));
        OK(next.add_server(tcp(9999), server(99)));
        if (testing::Test::HasFailure())
            return;
    }
    EXPECT_EQ(seen_by_packets(before), old_packets);
}

sim::Tables two_services(u32 words = 1024) {
    Lab lab({.connections = 8, .max_dests = 16, .max_services = 8, .max_words = words});
    lab.add("wrr", {5, 3, 1});
    lab.add("rr", {1, 1, 1}, tcp(81));
    lab.picks(5);
    lab.picks(4, tcp(81));
    for (u32 n = 1; n <= 3; ++n)
        lab.tables.counters[lab.record(n)] = {.conns = n};
    lab.tables.counters[lab.tables.config.max_dests] = {.conns = 6};
    return lab.tables;
}

TEST(Killed, while_the_first_service_is_added) {
    survives_at_any_point(sim::Tables{}, [](Director& d) { return d.add_service(service(tcp())); });
}

TEST(Killed, while_a_service_is_added) {
    survives_at_any_point(two_services(), [](Director& d) { return d.add_service(service(tcp(82))); });
}

TEST(Killed, while_the_scheduler_is_exchanged) {
    survives_at_any_point(two_services(), [](Director& d) { return d.edit_service(service(tcp(), "rr")); });
}

TEST(Killed, while_a_service_is_deleted) {
    survives_at_any_point(two_services(), [](Director& d) { return d.delete_service(tcp()); });
}

TEST(Killed, while_the_last_service_is_deleted) {
    sim::Tables t = two_services();
    sim::MemoryStore store(t);
    OK(Director(store).delete_service(tcp()));
    survives_at_any_point(t, [](Director& d) { return d.delete_service(tcp(81)); });
}

TEST(Killed, while_all_services_are_flushed) {
    survives_at_any_point(two_services(), [](Director& d) { return d.flush(); });
}

TEST(Killed, while_a_server_is_added) {
    survives_at_any_point(two_services(), [](Director& d) { return d.add_server(tcp(), server(4, 2)); });
}

TEST(Killed, while_a_server_is_edited) {
    survives_at_any_point(two_services(), [](Director& d) { return d.edit_server(tcp(), server(1, 2)); });
}

Result<void> remove_2(Director& d) { return d.delete_server(tcp(), Family::v4, rip(2), to_be16(80)); }

TEST(Killed, while_thresholds_and_weight_0_are_set) {
    ServerSpec limited = server(1, 0);
    limited.upper = 20;
    limited.lower = 10;
    survives_at_any_point(two_services(), [&](Director& d) { return d.edit_server(tcp(), limited); });
}

TEST(Killed, while_connections_are_given_time) {
    ServiceSpec patient = service(tcp(), "wrr");
    patient.drain = 30 + drain_reset;
    patient.idle_reset = true;
    sim::Tables t = two_services();
    sim::MemoryStore store(t);
    OK(Director(store).edit_server(tcp(), server(1, 0)));
    OK(remove_2(*std::make_unique<Director>(store)));
    const Command edit = [&](Director& d) { // with a change that is listed
        patient.scheduler = "rr";
        return d.edit_service(patient);
    };
    survives_at_any_point(t, edit);
    Director director(store);
    OK(edit(director));
    survives_at_any_point(t, [](Director& d) { return d.edit_server(tcp(), server(1, 2)); });
}

TEST(Killed, while_a_service_on_all_ports_comes_and_goes) {
    ServiceSpec wide = service(tcp(0));
    wide.persistence = 300;
    survives_at_any_point(two_services(), [&](Director& d) { return d.add_service(wide); });
    sim::Tables t = two_services();
    sim::MemoryStore store(t);
    OK(Director(store).add_service(wide));
    survives_at_any_point(t, [](Director& d) { return d.delete_service(tcp(0)); });
}

TEST(Killed, while_a_server_is_removed) { survives_at_any_point(two_services(), remove_2); }

TEST(Killed, while_a_server_comes_back) {
    sim::Tables t = two_services();
    sim::MemoryStore store(t);
    Director director(store);
    OK(remove_2(director));
    for (Dest& d : t.dests)
        if (d.addr == rip(2) && d.vport == tcp().vport)
            d.inactive = 7;
    survives_at_any_point(t, [](Director& d) { return d.add_server(tcp(), server(2, 3)); });
}

TEST(Killed, while_space_is_used_again) {
    constexpr u32 tight = 39 + 30 + 39 + 12; // the two blocks in force, a replacement, and what lies between
    const sim::Tables t = two_services(tight);
    survives_at_any_point(t, [](Director& d) { return d.edit_server(tcp(), server(1, 2)); });
}

/// Several changes in one switch.
Command together(const std::function<Result<void>(Draft&)>& changes) {
    return [changes](Director& d) -> Result<void> {
        auto draft = d.draft();
        if (!draft)
            return std::unexpected(draft.error());
        if (auto done = changes(**draft); !done)
            return done;
        return d.commit(**draft);
    };
}

Result<void> in_order(const std::vector<Result<void>>& results) {
    for (const auto& r : results)
        if (!r)
            return r;
    return {};
}

TEST(Killed, while_several_services_change) {
    survives_at_any_point(two_services(), together([](Draft& d) {
                              return in_order({d.add_server(tcp(), server(4, 2)),
                                               d.delete_server(tcp(81), Family::v4, rip(1), to_be16(80)),
                                               d.add_service(service(tcp(82), "wrr")),
                                               d.add_server(tcp(82), server(1, 3)),
                                               d.edit_server(tcp(82), server(1, 4))});
                          }));
}

TEST(Killed, while_one_service_changes_in_many_ways) {
    survives_at_any_point(two_services(), together([](Draft& d) {
                              return in_order({d.edit_service(service(tcp(), "rr")), d.add_server(tcp(), server(4)),
                                               d.delete_server(tcp(), Family::v4, rip(1), to_be16(80))});
                          }));
}

TEST(Killed, while_some_services_go) {
    survives_at_any_point(two_services(), together([](Draft& d) {
                              return in_order({d.delete_service(tcp()), d.add_service(service(tcp(90))),
                                               d.add_server(tcp(90), server(7))});
                          }));
}

TEST(Killed, while_the_whole_table_is_replaced) {
    survives_at_any_point(two_services(), together([](Draft& d) {
                              return in_order({d.flush(), d.add_service(service(tcp(), "rr")),
                                               d.add_server(tcp(), server(1)), d.add_server(tcp(), server(9)),
                                               d.add_service(service(udp(53))), d.add_server(udp(53), server(1))});
                          }),
                          false);
}

TEST(Killed, while_the_whole_table_is_replaced_by_itself_in_another_order) {
    survives_at_any_point(two_services(), together([](Draft& d) {
                              return in_order({d.flush(), d.add_service(service(tcp(81), "rr")),
                                               d.add_server(tcp(81), server(1)), d.add_service(service(tcp(), "wrr")),
                                               d.add_server(tcp(), server(1, 5)), d.add_server(tcp(), server(3)),
                                               d.add_server(tcp(), server(2, 3))});
                          }),
                          false);
}

TEST(Killed, during_recovery_itself) {
    sim::Tables t = two_services();
    sim::MemoryStore store(t);
    t.config.in_force = {.generation = 1, .enabled = 0}; // a flush that got no further
    t.config.dirty = 1;
    for (int point = 0;; ++point) {
        sim::Tables copy = t;
        sim::MemoryStore copy_store(copy);
        DeadlyStore deadly(copy_store, point);
        bool finished = true;
        try {
            OK(Director(deadly).recover());
        } catch (const Killed&) {
            finished = false;
        }
        OK(Director(copy_store).recover());
        expect_derived_fields(copy);
        EXPECT_EQ(copy.services.size(), 0u);
        if (finished || HasFailure())
            return;
    }
}

/// Keeps every block that was replaced, and fails when one is overwritten before settle().
class SettlingStore : public WatchedStore {
public:
    SettlingStore(Store& store, sim::Tables& tables) : WatchedStore(store), tables_(tables) {}

    Result<void> put_service(const ServiceKey& key, const Service& value) override {
        if (const Service* old = tables_.services.lookup(key); old && old->set_offset != value.set_offset)
            keep(*old);
        return WatchedStore::put_service(key, value);
    }
    Result<void> erase_service(const ServiceKey& key) override {
        keep(*tables_.services.lookup(key));
        return WatchedStore::erase_service(key);
    }
    void settle() override {
        expect_untouched();
        kept_.clear();
        ++settled;
    }
    void expect_untouched() const {
        for (const auto& [offset, words] : kept_)
            EXPECT_TRUE(std::ranges::equal(words, std::span(tables_.words).subspan(offset, words.size())))
                << "the block at " << offset << " was overwritten while packets may read it";
    }
    int settled = 0;

private:
    void keep(const Service& s) {
        const auto begin = tables_.words.begin() + s.set_offset;
        kept_.emplace_back(s.set_offset, std::vector<u32>(begin, begin + s.set_words));
    }
    sim::Tables& tables_;
    std::vector<std::pair<u32, std::vector<u32>>> kept_;
};

TEST(Settle, comes_before_replaced_memory_is_overwritten_and_not_at_every_change) {
    sim::Tables t({.max_dests = 16, .max_words = 600});
    sim::MemoryStore memory(t);
    SettlingStore store(memory, t);
    Director director(store);
    OK(director.add_service(service(tcp(), "wrr")));
    for (u32 n = 1; n <= 4; ++n)
        OK(director.add_server(tcp(), server(n, n)));
    constexpr int changes = 200;
    for (u32 i = 0; i < changes; ++i) {
        OK(director.edit_server(tcp(), server(1 + i % 4, 1 + i % 7)));
        store.expect_untouched();
    }
    OK(director.flush());
    OK(director.add_service(service(tcp(81))));
    OK(director.add_server(tcp(81), server(1)));
    store.expect_untouched();
    EXPECT_GT(store.settled, changes / 20) << "space must have run out";
    EXPECT_LT(store.settled, changes / 2);
}

} // namespace
} // namespace bpvs
