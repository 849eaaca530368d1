// Rules that mark packets: compiled, they say for every packet what going through the list says.
#include "control/director.hh"
#include "control/marks.hh"
#include "control/names.hh"
#include "control/test_store.hh"
#include "core/pipeline/mark.hh"
#include "sim/env.hh"
#include "sim/memory_store.hh"

#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace bpvs {
namespace {

constexpr Address v4(u32 host) { return address_v4(to_be32(host)); }
constexpr u32 vip = 0x01010101;
constexpr u32 came_with = 0xabc;

MarkRule rule(u32 mark, u32 destination, u8 length, u16 first = 0, u16 last = 65535, IpProto protocol = IpProto::tcp) {
    return {.destination = v4(destination),
            .mark = mark,
            .first_port = first,
            .last_port = last,
            .length = length,
            .protocol = protocol,
            .family = Family::v4};
}

struct Probe {
    Family family;
    IpProto protocol;
    Address destination;
    u16 port;
};
Probe to(u32 destination, u16 port, IpProto protocol = IpProto::tcp) {
    return {Family::v4, protocol, v4(destination), port};
}

struct Lab {
    sim::Tables tables;
    sim::MemoryStore store{tables};
    Marks marks{store};

    u32 mark(const Probe& p) {
        sim::SimTables t(tables);
        const Flow flow{.daddr = p.destination, .dport = to_be16(p.port), .protocol = p.protocol, .family = p.family};
        return mark_by_rules(t, tables.config, flow, came_with);
    }
    void add(std::initializer_list<MarkRule> rules) {
        for (const MarkRule& r : rules) {
            const auto done = marks.add(r);
            ASSERT_TRUE(done) << done.error().message;
        }
    }
    std::string listed() {
        std::string text;
        const auto rules = marks.list();
        for (const MarkRule& r : *rules)
            text += to_text(r) + "\n";
        return text;
    }
};

TEST(Marks, without_rules_a_packet_keeps_its_mark) {
    Lab lab;
    EXPECT_EQ(lab.mark(to(vip, 80)), came_with);
}

TEST(Marks, a_rule_holds_for_its_protocol_prefix_and_ports_and_nothing_else) {
    Lab lab;
    lab.add({rule(5, vip & 0xffffff00, 24, 80, 90)});
    EXPECT_EQ(lab.mark(to(vip, 80)), 5u);
    EXPECT_EQ(lab.mark(to(vip ^ 0xfe, 90)), 5u);
    EXPECT_EQ(lab.mark(to(vip, 79)), came_with);
    EXPECT_EQ(lab.mark(to(vip, 91)), came_with);
    EXPECT_EQ(lab.mark(to(vip ^ 0x100, 80)), came_with);
    EXPECT_EQ(lab.mark(to(vip, 80, IpProto::udp)), came_with);
}

TEST(Marks, the_last_rule_that_matches_decides_however_general_it_is) {
    Lab lab;
    lab.add({rule(5, vip, 32, 80, 80), rule(6, 0, 0)});
    EXPECT_EQ(lab.mark(to(vip, 80)), 6u);
    lab.add({rule(7, vip, 32, 80, 80)});
    EXPECT_EQ(lab.mark(to(vip, 80)), 7u);
    EXPECT_EQ(lab.mark(to(vip, 81)), 6u);
}

TEST(Marks, a_longer_prefix_does_not_hide_the_ports_of_a_shorter_one) {
    Lab lab;
    lab.add({rule(5, vip & 0xff000000, 8, 1, 100), rule(6, vip, 32, 443, 443)});
    EXPECT_EQ(lab.mark(to(vip, 50)), 5u);
    EXPECT_EQ(lab.mark(to(vip, 443)), 6u);
}

TEST(Marks, a_rule_for_any_protocol_is_one_for_tcp_udp_and_sctp) {
    Lab lab;
    lab.add({rule(5, vip, 32, 53, 53, IpProto::none)});
    EXPECT_EQ(lab.mark(to(vip, 53)), 5u);
    EXPECT_EQ(lab.mark(to(vip, 53, IpProto::udp)), 5u);
    EXPECT_EQ(lab.mark(to(vip, 53, IpProto::sctp)), 5u);
}

TEST(Marks, mark_0_takes_a_mark_away) {
    Lab lab;
    lab.add({rule(5, vip, 32), rule(0, vip, 32, 22, 22)});
    EXPECT_EQ(lab.mark(to(vip, 22)), 0u);
    EXPECT_EQ(lab.mark(to(vip, 23)), 5u);
}

TEST(Marks, ports_0_and_65535_are_ports) {
    Lab lab;
    lab.add({rule(1, vip, 32, 0, 0), rule(2, vip, 32, 65535, 65535)});
    EXPECT_EQ(lab.mark(to(vip, 0)), 1u);
    EXPECT_EQ(lab.mark(to(vip, 1)), came_with);
    EXPECT_EQ(lab.mark(to(vip, 65534)), came_with);
    EXPECT_EQ(lab.mark(to(vip, 65535)), 2u);
}

TEST(Marks, families_do_not_mix) {
    Lab lab;
    MarkRule v6 = rule(6, 0, 0);
    v6.family = Family::v6;
    lab.add({v6});
    EXPECT_EQ(lab.mark(to(vip, 80)), came_with);
    const Address deep{{to_be32(0x20010db8), {}, {}, to_be32(1)}};
    EXPECT_EQ(lab.mark({Family::v6, IpProto::tcp, deep, 80}), 6u);
    MarkRule host = v6;
    host.destination = deep;
    host.length = 127;
    host.destination.word[3] = {};
    host.mark = 7;
    lab.add({host});
    EXPECT_EQ(lab.mark({Family::v6, IpProto::tcp, deep, 80}), 7u);
    EXPECT_EQ(lab.mark({Family::v6, IpProto::tcp, {{deep.word[0], {}, {}, to_be32(2)}}, 80}), 6u);
}

TEST(Marks, are_listed_as_they_were_added_and_deleted_by_number_or_by_what_they_are) {
    Lab lab;
    lab.add({rule(1, vip, 32), rule(2, vip, 32), rule(1, vip, 32)});
    ASSERT_TRUE(lab.marks.add(rule(9, 0x0a000000, 8, 80, 90, IpProto::udp), 1));
    EXPECT_EQ(lab.listed(), "-p udp -d 10.0.0.0/8 --dport 80:90 --set-mark 9\n"
                            "-p tcp -d 1.1.1.1/32 --set-mark 1\n-p tcp -d 1.1.1.1/32 --set-mark 2\n"
                            "-p tcp -d 1.1.1.1/32 --set-mark 1\n");
    ASSERT_TRUE(lab.marks.remove(rule(1, vip, 32)));
    ASSERT_TRUE(lab.marks.remove(1));
    EXPECT_EQ(lab.listed(), "-p tcp -d 1.1.1.1/32 --set-mark 2\n-p tcp -d 1.1.1.1/32 --set-mark 1\n");
    EXPECT_EQ(lab.mark(to(vip, 80)), 1u);
    ASSERT_TRUE(lab.marks.clear());
    EXPECT_EQ(lab.listed(), "");
    EXPECT_EQ(lab.mark(to(vip, 80)), came_with);
    EXPECT_EQ(lab.tables.mark_prefixes.size(), 0u) << "nothing of old lists stays";
}

#define REFUSED(errc, expression)                                                       \
    do {                                                                                \
        const auto result_ = (expression);                                              \
        ASSERT_FALSE(result_) << #expression;                                           \
        EXPECT_EQ(result_.error().code, errc) << result_.error().message;               \
        EXPECT_TRUE(result_.error().message.ends_with('.')) << result_.error().message; \
    } while (false)

TEST(Marks, what_is_not_there_is_not_deleted) {
    Lab lab;
    lab.add({rule(1, vip, 32)});
    REFUSED(Errc::no_rule, lab.marks.remove(rule(2, vip, 32)));
    REFUSED(Errc::no_rule, lab.marks.remove(0));
    REFUSED(Errc::no_rule, lab.marks.remove(2));
    REFUSED(Errc::no_rule, lab.marks.add(rule(2, vip, 32), 3));
    EXPECT_EQ(lab.listed(), "-p tcp -d 1.1.1.1/32 --set-mark 1\n");
}

/// A list as if it had been added rule by rule: compiling it thousands of times would prove nothing more.
void place(Lab& lab, const std::vector<MarkRule>& rules) {
    std::ranges::copy(rules, lab.tables.mark_rules.begin());
    lab.tables.config.marks = {.generation = 0, .rules = static_cast<u32>(rules.size())};
}

TEST(Marks, a_full_list_takes_no_more) {
    Lab lab;
    std::vector<MarkRule> rules;
    for (u32 n = 0; n < max_mark_rules - 1; ++n)
        rules.push_back(rule(n, 0x0a000000 + n, 32, 80, 80, IpProto::none));
    place(lab, rules);
    lab.add({rule(7, vip, 32)});
    REFUSED(Errc::no_room, lab.marks.add(rule(8, vip, 32)));
    EXPECT_EQ(lab.mark(to(0x0a000000 + 1000, 80, IpProto::udp)), 1000u);
    EXPECT_EQ(lab.mark(to(vip, 80)), 7u);
    EXPECT_EQ(lab.marks.list()->size(), max_mark_rules);
}

TEST(Marks, rules_that_overlap_too_much_are_refused_and_change_nothing) {
    Lab lab;
    std::vector<MarkRule> rules;
    for (u32 n = 0; n < 512; ++n)
        rules.push_back(rule(n, 0, 0, static_cast<u16>(2 * n), static_cast<u16>(2 * n)));
    for (u32 n = 0; n < 125; ++n)
        rules.push_back(rule(n, vip + n, 32, 65535, 65535));
    place(lab, rules);
    lab.add({rule(125, vip + 125, 32, 65535, 65535)}); // 512 + 126 * 513 stretches
    const std::string before = lab.listed();
    REFUSED(Errc::no_room, lab.marks.add(rule(126, vip + 126, 32, 65535, 65535)));
    EXPECT_EQ(lab.listed(), before);
    EXPECT_EQ(lab.tables.config.dirty, 0u);
    EXPECT_EQ(lab.mark(to(vip + 125, 65535)), 125u);
    EXPECT_EQ(lab.mark(to(vip, 2)), 1u);
}

/// Kills `command` at each point in turn: packets and the next command see the old list or the new one.
void survives_at_any_point(const sim::Tables& before, const std::function<Result<void>(Marks)>& command) {
    Lab old{before}, changed{before};
    ASSERT_TRUE(command(changed.marks));
    const auto probes = {to(vip, 80), to(vip, 443), to(vip + 1, 80)};
    const auto seen = [&](Lab& lab) {
        std::string text;
        for (const Probe& p : probes)
            text += fmt::format("{} ", lab.mark(p));
        return text;
    };
    ASSERT_NE(seen(old), seen(changed));
    for (int point = 0;; ++point) {
        SCOPED_TRACE(fmt::format("killed at point {}", point));
        Lab lab{before};
        DeadlyStore deadly(lab.store, point);
        bool finished = false;
        try {
            ASSERT_TRUE(command(Marks(deadly)));
            finished = true;
        } catch (const Killed&) {
            finished = false;
        }
        const std::string now = seen(lab);
        EXPECT_TRUE(now == seen(old) || now == seen(changed)) << now;
        ASSERT_TRUE(Director(lab.store).recover());
        EXPECT_EQ(seen(lab), now) << "recovery changed what packets see";
        EXPECT_EQ(lab.listed(), now == seen(old) ? old.listed() : changed.listed());
        for (const auto& [key, range] : lab.tables.mark_prefixes)
            EXPECT_EQ(key.generation, lab.tables.config.marks.generation) << "an element of another list was left";
        ASSERT_TRUE(lab.marks.clear());
        EXPECT_EQ(lab.tables.mark_prefixes.size(), 0u);
        if (finished || testing::Test::HasFailure())
            return;
    }
}

sim::Tables two_rules() {
    Lab lab;
    lab.add({rule(5, vip, 32, 80, 80), rule(6, vip, 31, 443, 443, IpProto::none)});
    return lab.tables;
}

TEST(MarksKilled, while_the_first_rule_is_added) {
    survives_at_any_point(sim::Tables{}, [](Marks m) { return m.add(rule(1, vip, 32)); });
}
TEST(MarksKilled, while_a_rule_is_added) {
    survives_at_any_point(two_rules(), [](Marks m) { return m.add(rule(7, vip, 24)); });
}
TEST(MarksKilled, while_a_rule_is_deleted) {
    survives_at_any_point(two_rules(), [](Marks m) { return m.remove(1); });
}
TEST(MarksKilled, while_all_are_deleted) {
    survives_at_any_point(two_rules(), [](Marks m) { return m.clear(); });
}

/// Notes whether packets were waited for before what they may read is forgotten or overwritten.
class WaitingStore : public WatchedStore {
public:
    using WatchedStore::WatchedStore;
    Result<void> erase_mark_prefix(const MarkPrefix& key) override {
        EXPECT_TRUE(settled_) << "packets may still look it up";
        return WatchedStore::erase_mark_prefix(key);
    }
    Result<void> put_mark_prefix(const MarkPrefix& key, const MarkRange& value) override {
        settled_ = false;
        return WatchedStore::put_mark_prefix(key, value);
    }
    void settle() override { settled_ = true; }

private:
    bool settled_ = false;
};

TEST(Marks, what_packets_may_still_read_is_forgotten_only_after_waiting_for_them) {
    Lab lab;
    WaitingStore store(lab.store);
    Marks marks(store);
    for (u32 n = 0; n < 4; ++n)
        ASSERT_TRUE(marks.add(rule(n, vip + n, 32)));
    ASSERT_TRUE(marks.remove(2));
}

/// Bits that make prefixes nest and addresses hit them.
Address random_address(Family family) {
    Address a{};
    const int words = family == Family::v6 ? 4 : 1;
    for (int i = 0; i < words; ++i)
        a.word[i] = to_be32(*rc::gen::element(0u, 0x01010101u, 0x01010100u, 0x01018000u, 0x80000000u, 0xffffffffu));
    return a;
}

Address masked(Address a, u32 length) {
    for (u32 i = 0; i < 4; ++i) {
        const u32 bits = length > i * 32 ? std::min(length - i * 32, 32u) : 0;
        const u32 mask = bits == 0 ? 0 : ~0u << (32 - bits);
        a.word[i] = to_be32(from_be32(a.word[i]) & mask);
    }
    return a;
}

MarkRule random_rule() {
    const Family family = *rc::gen::element(Family::v4, Family::v6);
    const u32 length = family == Family::v4 ? *rc::gen::element(0u, 1u, 7u, 8u, 16u, 17u, 24u, 31u, 32u)
                                            : *rc::gen::element(0u, 1u, 31u, 32u, 33u, 63u, 64u, 97u, 127u, 128u);
    const auto port = [] { return *rc::gen::element<u16>(0, 1, 79, 80, 81, 443, 1000, 65534, 65535); };
    const u16 a = port(), b = port();
    return {.destination = masked(random_address(family), length),
            .mark = *rc::gen::inRange(0u, 5u),
            .first_port = std::min(a, b),
            .last_port = std::max(a, b),
            .length = static_cast<u8>(length),
            .protocol = *rc::gen::element(IpProto::none, IpProto::tcp, IpProto::udp, IpProto::sctp),
            .family = family};
}

/// As iptables goes through a chain of MARK targets.
u32 naive(const std::vector<MarkRule>& rules, const Probe& p) {
    u32 mark = came_with;
    for (const MarkRule& r : rules)
        if (r.family == p.family && (r.protocol == IpProto::none || r.protocol == p.protocol) &&
            masked(p.destination, r.length) == r.destination && r.first_port <= p.port && p.port <= r.last_port)
            mark = r.mark;
    return mark;
}

RC_GTEST_PROP(MarksProperty, compiled_rules_say_what_the_list_says, ()) {
    Lab lab;
    std::vector<MarkRule> rules;
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) {
        const MarkRule r = random_rule();
        const auto at = *rc::gen::inRange<std::size_t>(0, rules.size() + 1);
        rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(at), r);
        RC_ASSERT(lab.marks.add(r, static_cast<u32>(at + 1)).has_value());
    }
    if (!rules.empty() && *rc::gen::arbitrary<bool>()) {
        const auto at = *rc::gen::inRange<std::size_t>(0, rules.size());
        rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(at));
        RC_ASSERT(lab.marks.remove(static_cast<u32>(at + 1)).has_value());
    }
    for (int i = 0; i < 60; ++i) {
        const Family family = *rc::gen::element(Family::v4, Family::v6);
        const Probe p{family, *rc::gen::element(IpProto::tcp, IpProto::udp, IpProto::sctp), random_address(family),
                      *rc::gen::element<u16>(0, 1, 78, 79, 80, 81, 82, 442, 443, 444, 999, 1001, 65533, 65534, 65535)};
        RC_ASSERT(lab.mark(p) == naive(rules, p));
    }
}

} // namespace
} // namespace bpvs
