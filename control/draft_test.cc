// Changes that take effect together: what a draft checks, keeps and changes.
#include "control/draft.hh"
#include "control/test_lab.hh"

namespace bpvs {
namespace {

std::unique_ptr<Draft> draft_of(Lab& lab) {
    auto draft = lab.director.draft();
    EXPECT_TRUE(draft);
    return std::move(*draft);
}

std::vector<std::string> shown(const std::vector<ServiceView>& views) {
    std::vector<std::string> lines;
    for (const ServiceView& s : views) {
        std::string line = std::to_string(from_be16(s.spec.name.vport)) + " " + s.spec.scheduler;
        for (const ServerView& r : s.servers)
            line += " " + std::to_string(from_be32(r.spec.addr.word[0]) & 0xffff) + "*" + std::to_string(r.spec.weight);
        lines.push_back(line);
    }
    std::ranges::sort(lines);
    return lines;
}

using Lines = std::vector<std::string>;

TEST(Draft, changes_nothing_before_it_is_committed_and_all_of_it_then) {
    Lab lab;
    lab.add("wrr", {1, 2});
    lab.add("rr", {1}, tcp(81));
    const Lines before = shown(*lab.director.list());
    auto draft = draft_of(lab);
    OK(draft->edit_server(tcp(), server(1, 5)));
    OK(draft->delete_service(tcp(81)));
    OK(draft->add_service(service(tcp(82))));
    OK(draft->add_server(tcp(82), server(9)));
    EXPECT_EQ(shown(*lab.director.list()), before);
    const Lines after{"80 wrr 2*2 1*5", "82 rr 9*1"};
    EXPECT_EQ(shown(*draft->preview()), after);
    OK(lab.director.commit(*draft));
    EXPECT_EQ(shown(*lab.director.list()), after);
    EXPECT_EQ(lab.picks(3, tcp(82)), "999");
}

TEST(Draft, thrown_away_leaves_no_trace) {
    Lab lab({.max_dests = 4, .max_services = 3});
    lab.add("rr", {1, 1});
    for (int i = 0; i < 20; ++i) {
        auto draft = draft_of(lab);
        OK(draft->add_service(service(tcp(81))));
        OK(draft->add_server(tcp(81), server(3)));
        OK(draft->add_server(tcp(81), server(4)));
    }
    EXPECT_EQ(lab.director.list()->size(), 1u);
    EXPECT_EQ(lab.picks(4), "2121");
}

TEST(Draft, checks_each_change_against_the_changes_before_it) {
    Lab lab;
    lab.add("rr", {1});
    auto draft = draft_of(lab);
    OK(draft->flush());
    REFUSED(Errc::no_service, draft->add_server(tcp(), server(1)));
    REFUSED(Errc::no_service, draft->delete_service(tcp()));
    REFUSED(Errc::no_service, draft->zero(tcp()));
    OK(draft->add_service(service(tcp())));
    REFUSED(Errc::service_exists, draft->add_service(service(tcp())));
    REFUSED(Errc::no_server, draft->edit_server(tcp(), server(1)));
    OK(draft->add_server(tcp(), server(1)));
    REFUSED(Errc::server_exists, draft->add_server(tcp(), server(1)));
    OK(draft->delete_server(tcp(), Family::v4, rip(1), http));
    REFUSED(Errc::no_server, draft->delete_server(tcp(), Family::v4, rip(1), http));
    OK(draft->delete_service(tcp()));
    REFUSED(Errc::no_service, draft->edit_service(service(tcp())));
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.director.list()->size(), 0u);
    EXPECT_EQ(lab.tables.config.in_force.enabled, 0u);
}

TEST(Draft, servers_that_go_and_come_keep_their_records_and_connections) {
    Lab lab;
    lab.add("rr", {1, 1});
    lab.add("wrr", {1}, tcp(81));
    const u32 one = lab.record(1), other = lab.record(1, tcp(81)), id = lab.element().id;
    lab.tables.dests[one].active = 5;
    lab.tables.counters[one] = {.conns = 7};
    lab.tables.counters[lab.tables.config.max_dests + id] = {.conns = 9};
    auto draft = draft_of(lab);
    OK(draft->flush());
    OK(draft->add_service(service(tcp(), "wrr")));
    OK(draft->add_server(tcp(), server(3)));
    OK(draft->add_server(tcp(), server(1, 4)));
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.record(1), one);
    EXPECT_EQ(lab.element().id, id) << "packets that still look at the old table find the servers joined";
    EXPECT_EQ(lab.tables.dests[one].service, id);
    EXPECT_EQ(lab.tables.dests[other].service, no_id);
    const auto view = lab.director.find(tcp());
    EXPECT_EQ(view->servers[0].active, 5u);
    EXPECT_EQ(view->servers[0].counters.conns, 0u) << "a service that is added counts from zero";
    EXPECT_EQ(view->counters.conns, 0u);
}

TEST(Draft, servers_deleted_and_added_in_a_service_that_stays_keep_their_counters) {
    Lab lab;
    lab.add("rr", {1, 1});
    lab.tables.counters[lab.record(1)] = {.conns = 7};
    auto draft = draft_of(lab);
    OK(draft->delete_server(tcp(), Family::v4, rip(1), http));
    OK(draft->add_server(tcp(), server(1, 3)));
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.director.find(tcp())->servers[0].counters.conns, 7u);
    EXPECT_EQ(lab.director.find(tcp())->servers[0].spec.weight, 3u);
}

TEST(Draft, of_one_service_does_not_write_the_others_again) {
    Lab lab;
    lab.add("rr", {1});
    lab.add("rr", {1}, tcp(81));
    const u32 generation = lab.tables.config.in_force.generation;
    auto draft = draft_of(lab);
    OK(draft->add_server(tcp(), server(2)));
    OK(draft->edit_server(tcp(), server(1, 0)));
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.tables.config.in_force.generation, generation);
    EXPECT_EQ(lab.picks(2), "22");
}

TEST(Draft, leaves_untouched_services_where_their_turn_was) {
    Lab lab;
    lab.add("rr", {1, 1, 1});
    lab.add("rr", {1}, tcp(81));
    EXPECT_EQ(lab.picks(4), "3213");
    auto draft = draft_of(lab);
    OK(draft->add_server(tcp(81), server(2)));
    OK(draft->add_service(service(tcp(82))));
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.picks(3), "213");
}

TEST(Draft, zeroes_and_sets_timeouts_when_it_is_committed) {
    Lab lab;
    lab.add("rr", {1});
    lab.tables.counters[lab.record(1)] = {.conns = 7};
    auto draft = draft_of(lab);
    OK(draft->zero(std::nullopt));
    OK(draft->set_timeouts({0, 0, 77}));
    OK(draft->set_timeouts({5, 0, 0}));
    REFUSED(Errc::out_of_range, draft->set_timeouts({max_timeout + 1, 0, 0}));
    EXPECT_EQ(lab.director.find(tcp())->servers[0].counters.conns, 7u);
    EXPECT_EQ(lab.director.timeouts().udp, 300u);
    OK(lab.director.commit(*draft));
    EXPECT_EQ(lab.director.find(tcp())->servers[0].counters.conns, 0u);
    EXPECT_EQ(lab.director.timeouts().udp, 77u);
    EXPECT_EQ(lab.director.timeouts().tcp, 5u);
    EXPECT_EQ(lab.director.timeouts().tcp_fin, 120u);
}

TEST(Draft, that_does_not_fit_changes_nothing) {
    Lab lab({.max_dests = 8, .max_services = 8, .max_words = 200});
    lab.add("rr", {1, 1, 1});
    const Lines before = shown(*lab.director.list());
    auto draft = draft_of(lab);
    OK(draft->flush());
    for (u16 port = 1; port <= 2; ++port) {
        OK(draft->add_service(service(tcp(port), "wrr")));
        for (u32 n = 1; n <= 2; ++n)
            OK(draft->add_server(tcp(port), server(n, n)));
    }
    OK(draft->add_service(service(tcp(9), "wrr")));
    OK(draft->add_server(tcp(9), server(1)));
    REFUSED(Errc::no_room, draft->add_server(tcp(9), server(2)));
    draft.reset();
    auto wordy = draft_of(lab);
    for (u16 port = 1; port <= 5; ++port) {
        OK(wordy->add_service(service(tcp(port), "wrr")));
        OK(wordy->add_server(tcp(port), server(1)));
    }
    for (u32 w = 1; w <= 80; ++w)
        OK(wordy->edit_server(tcp(1), server(1, w)));
    OK(wordy->delete_service(tcp(1)));
    OK(lab.director.commit(*wordy));
    EXPECT_NE(shown(*lab.director.list()), before);
    EXPECT_EQ(lab.picks(3), "321");
}

} // namespace
} // namespace bpvs
