#include "control/mark_compile.hh"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>

namespace bpvs {
namespace {

constexpr u32 all_ports = 65536;

/// What each port is marked with, as the stretches at whose beginning that changes.
class PortMarks {
public:
    PortMarks() { from_[0] = std::nullopt; }

    void set(u32 first, u32 last, u32 mark) {
        split(first);
        split(last + 1);
        from_.erase(from_.lower_bound(first), from_.lower_bound(last + 1));
        from_[first] = mark;
    }

    std::vector<MarkPorts> stretches() const {
        std::vector<MarkPorts> result;
        for (auto it = from_.begin(); it != from_.end(); ++it) {
            const std::optional<u32>& mark = it->second;
            if (!mark)
                continue;
            const auto next = std::next(it);
            const auto first = static_cast<u16>(it->first);
            const auto last = static_cast<u16>((next == from_.end() ? all_ports : next->first) - 1);
            if (!result.empty() && result.back().last + 1 == first && result.back().mark == *mark)
                result.back().last = last;
            else
                result.push_back({first, last, *mark});
        }
        return result;
    }

private:
    void split(u32 port) {
        if (port < all_ports)
            from_.emplace(port, std::prev(from_.upper_bound(port))->second);
    }

    std::map<u32, std::optional<u32>> from_;
};

u32 prefix_mask(u32 length) { return length == 0 ? 0 : ~u32{0} << (32 - length); }

/// Whether every address of `inner` is one of `outer`.
bool covers(const MarkRule& outer, const MarkRule& inner) {
    if (outer.length > inner.length)
        return false;
    for (u32 i = 0; i < 4 && i * 32 < outer.length; ++i) {
        const u32 mask = prefix_mask(std::min(outer.length - i * 32, 32u));
        if (((from_be32(outer.destination.word[i]) ^ from_be32(inner.destination.word[i])) & mask) != 0)
            return false;
    }
    return true;
}

/// Every prefix comes after those that cover it, and before any that it does not cover.
auto prefix_order(const MarkRule& r) {
    const auto word = [&](u32 i) { return from_be32(r.destination.word[i]); };
    return std::tuple(word(0), word(1), word(2), word(3), r.length);
}

/// The prefixes of one protocol and family. Ranges with the same content share their place.
class Compiler {
public:
    Compiler(CompiledMarks& out, u32 generation) : out_(out), generation_(generation) {}

    void compile(std::span<const MarkRule> all, IpProto protocol, Family family) {
        std::vector<const MarkRule*> rules; // a pointer's order is the list's
        for (const MarkRule& r : all)
            if (r.family == family && (r.protocol == protocol || r.protocol == IpProto::none))
                rules.push_back(&r);
        std::ranges::sort(rules, {}, [](const MarkRule* r) { return prefix_order(*r); });
        std::vector<const MarkRule*> covering; // the current prefix's, and those around it
        for (auto it = rules.begin(); it != rules.end();) {
            const MarkRule& prefix = **it;
            while (!covering.empty() && !covers(*covering.back(), prefix))
                covering.pop_back();
            for (; it != rules.end() && prefix_order(**it) == prefix_order(prefix); ++it)
                covering.push_back(*it);
            out_.prefixes.emplace_back(MarkPrefix{.bits = mark_prefix_bits + prefix.length,
                                                  .generation = generation_,
                                                  .protocol = protocol,
                                                  .family = family,
                                                  .destination = prefix.destination},
                                       range_of(covering));
        }
    }

private:
    MarkRange range_of(std::vector<const MarkRule*> rules) {
        std::ranges::sort(rules);
        PortMarks marks;
        for (const MarkRule* r : rules)
            marks.set(r->first_port, r->last_port, r->mark);
        const std::vector<MarkPorts> stretches = marks.stretches();
        std::vector<std::tuple<u16, u16, u32>> content;
        content.reserve(stretches.size());
        for (const MarkPorts& s : stretches)
            content.emplace_back(s.first, s.last, s.mark);
        const auto [known, is_new] = places_.emplace(std::move(content), static_cast<u32>(out_.ports.size()));
        if (is_new)
            std::ranges::copy(stretches, std::back_inserter(out_.ports));
        return {.offset = known->second, .count = static_cast<u32>(stretches.size())};
    }

    CompiledMarks& out_;
    u32 generation_;
    std::map<std::vector<std::tuple<u16, u16, u32>>, u32> places_;
};

} // namespace

Result<CompiledMarks> compile_marks(std::span<const MarkRule> rules, u32 generation) {
    CompiledMarks result;
    Compiler compiler(result, generation);
    for (const Family family : {Family::v4, Family::v6})
        for (const IpProto protocol : {IpProto::tcp, IpProto::udp, IpProto::sctp})
            compiler.compile(rules, protocol, family);
    if (result.ports.size() > max_mark_ports)
        return fail(Errc::no_room,
                    fmt::format("the rules overlap so much that they come to {} stretches of ports, and there is room "
                                "for {}; use fewer prefixes inside others, or fewer port ranges.",
                                result.ports.size(), max_mark_ports));
    return result;
}

} // namespace bpvs
