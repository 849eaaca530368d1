// The packet half of a scenario: what goes in, what comes out.
#include "tests/scenarios/lib/player.hh"

#include "tests/scenarios/lib/stack.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

namespace bpvs::scenario {

namespace {

const char* fate_text(Fate fate) {
    switch (fate) {
    case Fate::passed:
        return "left to the stack";
    case Fate::forwarded:
        return "sent out";
    case Fate::dropped:
        return "dropped";
    case Fate::watched:
        break;
    }
    return "?";
}

double parse_seconds(const std::string& text) {
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || value < 0 || value > 3600)
        throw Wrong(fmt::format("'{}' is no time in seconds", text));
    return value;
}

/// NAME=VALUE ...
std::vector<Assignment> assignments(const Words& words) {
    std::vector<Assignment> all;
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos)
            throw Wrong(fmt::format("'{}' should be NAME=VALUE", word));
        all.push_back({word.substr(0, equals), word.substr(equals + 1)});
    }
    return all;
}

void must_work(const Result<void>& result) {
    if (!result)
        throw Wrong(result.error().message);
}

Words without_first(const Words& words, std::size_t n = 1) {
    if (words.size() < n)
        throw Wrong("the step ends too early");
    return Words(words.begin() + static_cast<std::ptrdiff_t>(n), words.end());
}

} // namespace

std::string to_text(const Failure& f) { return fmt::format("line {}: {}\n      {}", f.line, f.step, f.what); }

std::optional<Failure> Player::play(std::string_view text) {
    int line = 0;
    std::string step_text;
    try {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view current = text.substr(0, std::min(end, text.find('#')));
            text.remove_prefix(std::min(end + 1, text.size()));
            line++;
            const Words words = tokens_of(current);
            if (words.empty())
                continue;
            step_text = std::string(current.substr(current.find_first_not_of(" \t")));
            step(words);
        }
        nothing_else_left();
        if (unanswered_)
            throw Wrong("the scenario ends without a word on what became of the last packet");
    } catch (const Wrong& wrong) {
        unanswered_ = false;
        return Failure{line, step_text, wrong.what()};
    }
    return std::nullopt;
}

void Player::step(const Words& words) {
    using Run = std::function<void(Player&, const Words&)>;
    struct Step {
        bool is_answer; ///< says what became of the last packet
        Run run;
    };
    static const std::map<std::string, Step, std::less<>> steps{
        {"in", {false, [](Player& p, const Words& w) { p.send(w, false); }}},
        {"local", {false, [](Player& p, const Words& w) { p.send(w, true); }}},
        {"out", {true, [](Player& p, const Words& w) { p.expect_out(w); }}},
        {"to stack", {true, [](Player& p, const Words& w) { p.expect_rewritten(w); }}},
        {"translated", {true, [](Player& p, const Words& w) { p.expect_rewritten(w); }}},
        {"pass untouched", {true, [](Player& p, const Words&) { p.expect_pass(p.sent_mark_); }}},
        {"pass marked", {true, [](Player& p, const Words& w) { p.expect_pass(parse_number<u32>(w.at(0))); }}},
        {"dropped", {true, [](Player& p, const Words&) { p.expect_drop(); }}},
        {"also out", {false, [](Player& p, const Words& w) { p.expect_beside(w); }}},
        {"wait", {false, [](Player& p, const Words& w) { p.bench_.wait(parse_seconds(w.at(0))); }}},
        {"counters", {false, [](Player& p, const Words& w) { p.expect_counters(w); }}},
        {"conn", {false, [](Player& p, const Words& w) { p.expect_conn(w, true); }}},
        {"no conn", {false, [](Player& p, const Words& w) { p.expect_conn(w, false); }}},
        {"conns", {false, [](Player& p, const Words& w) { p.expect_conns(w); }}},
        {"reason", {false, [](Player& p, const Words& w) { p.expect_reason(w); }}},
        {"bpvs mark", {false, [](Player& p, const Words& w) { must_work(p.bench_.mark(w)); }}},
        {"bpvs sysctl", {false, [](Player& p, const Words& w) { must_work(p.bench_.set(assignments(w))); }}},
        {"bpvsadm", {false, [](Player& p, const Words& w) { must_work(p.bench_.command(w)); }}},
    };
    if (words[0] == "neighbour" || words[0] == "mtu" || words[0] == "unreachable") {
        change_topology(words);
        return;
    }
    std::size_t used = 2;
    auto it = words.size() > 1 ? steps.find(words[0] + " " + words[1]) : steps.end();
    if (it == steps.end()) {
        it = steps.find(words[0]);
        used = 1;
    }
    if (it == steps.end())
        throw Wrong(fmt::format("'{}' is no step of a scenario", words[0]));
    if (it->second.is_answer != unanswered_)
        throw Wrong(unanswered_ ? "first say what became of the packet that went in"
                                : "no packet went in that this could be about");
    set_up_once();
    try {
        it->second.run(*this, without_first(words, used));
    } catch (const std::out_of_range&) {
        throw Wrong("the step ends too early");
    }
}

void Player::set_up_once() {
    if (is_set_up_)
        return;
    is_set_up_ = true;
    bench_.set_up(topology_);
}

/// neighbour ADDRESS unknown | mtu LINK BYTES | unreachable PREFIX LENGTH
void Player::change_topology(const Words& words) {
    if (is_set_up_)
        throw Wrong("surroundings are described before the first other step");
    if (words.size() != 3)
        throw Wrong("expected: neighbour ADDRESS unknown, mtu LINK BYTES or unreachable PREFIX LENGTH");
    if (words[0] == "neighbour")
        topology_.unresolved.push_back(parse_address(words[1]));
    else if (words[0] == "mtu")
        topology_.link(words[1]).mtu = parse_number<u16>(words[2]);
    else
        topology_.unreachable.push_back({parse_address(words[1]), parse_number<u8>(words[2])});
}

void Player::send(const Words& packet, bool local) {
    nothing_else_left();
    const Packet p = parse_packet(packet);
    sent_mark_ = p.mark;
    sent_ = local ? leaving(p, topology_) : arriving(p, topology_);
    const Host side = local ? p.daddr : p.saddr;
    sent_on_ = &topology_.towards(side == Host{} ? gateway(Family::v4) : side);
    answer_ = local ? bench_.send_locally(*sent_on_, sent_) : bench_.arrive(*sent_on_, sent_, sent_mark_);
    unanswered_ = true;
}

void Player::expect(Fate fate, const Frame& frame) {
    unanswered_ = false;
    if (answer_.fate == Fate::watched)
        return expect_on_the_wires(fate, frame);
    if (answer_.fate != fate)
        throw Wrong(fmt::format("expected: {}\n      got:      {}{}\n      packet:   {}", fate_text(fate),
                                fate_text(answer_.fate), answer_.reason.empty() ? "" : " (" + answer_.reason + ")",
                                describe(answer_.frame)));
    if (fate != Fate::dropped)
        compare(frame, answer_.frame);
}

/// What the host's stack does with a packet that was left to it is known, so the wires tell.
void Player::expect_on_the_wires(Fate fate, const Frame& frame) {
    std::vector<Seen> expected;
    if (fate == Fate::forwarded)
        expected.push_back({&sender(topology_, frame), without_chance(frame)});
    else if (fate == Fate::passed)
        expected = answer_of_stack(topology_, *sent_on_, frame);
    const auto text = [](const std::vector<Seen>& all) {
        std::string lines = all.empty() ? "nothing" : "";
        for (const Seen& s : all)
            lines += fmt::format("{}{}: {}", lines.empty() ? "" : "\n                ", s.on->name, describe(s.frame));
        return lines;
    };
    const auto same = [](const Seen& a, const Seen& b) { return a.on->name == b.on->name && a.frame == b.frame; };
    if (!std::ranges::equal(expected, answer_.seen, same))
        throw Wrong(fmt::format("expected: {}\n      came out: {}", text(expected), text(answer_.seen)));
}

void Player::compare(const Frame& expected, const Frame& got) {
    if (expected != got)
        throw Wrong(fmt::format("expected: {}\n      got:      {}\n      {}", describe(expected), describe(got),
                                difference(expected, got)));
}

/// PACKET [by neighbour]
void Player::expect_out(const Words& words) {
    const std::size_t n = words.size();
    const bool by_neighbour = n > 2 && words[n - 2] == "by" && words[n - 1] == "neighbour";
    if (by_neighbour && answer_.fate == Fate::watched)
        throw Unavailable("what the kernel's neighbour code is given cannot be seen from outside");
    const Packet p = parse_packet(by_neighbour ? Words(words.begin(), words.end() - 2) : words);
    expect(Fate::forwarded, by_neighbour ? under_macs_of(sent_, p) : leaving(p, topology_));
}

void Player::expect_rewritten(const Words& packet) {
    if (answer_.fate == Fate::watched)
        throw Unavailable("what the host's stack is given cannot be seen from outside");
    expect(Fate::passed, under_macs_of(sent_, parse_packet(packet)));
}

void Player::expect_pass(u32 mark) {
    expect(Fate::passed, sent_);
    if (answer_.fate != Fate::watched && answer_.mark != mark)
        throw Wrong(fmt::format("expected the mark {}, got {}", mark, answer_.mark));
}

void Player::expect_drop() { expect(Fate::dropped, {}); }

/// One of the frames that were sent beside, in any order.
void Player::expect_beside(const Words& packet) {
    std::vector<Frame>& beside = answer_.beside;
    const Frame expected = leaving(parse_packet(packet), topology_);
    const auto it = std::ranges::find(beside, expected);
    if (it == beside.end() && beside.empty())
        throw Wrong(fmt::format("expected: {}\n      got:      nothing more", describe(expected)));
    if (it == beside.end())
        compare(expected, beside.front());
    beside.erase(it);
}

void Player::nothing_else_left() const {
    if (!answer_.beside.empty())
        throw Wrong(fmt::format("before this, a packet was also sent out: {}", describe(answer_.beside.front())));
}

} // namespace bpvs::scenario
