// Marks: the rules that mark packets for services by firewall mark, as a list that is changed by commands.
//
// What iptables -t mangle -j MARK does: every rule that matches sets the mark, so the last one of the list
// decides. Packets see a change whole or not at all. As for Director: whoever changes things holds the
// director's lock, and recover() was called after taking it.
#pragma once

#include "control/error.hh"
#include "control/store.hh"

#include <optional>
#include <span>
#include <vector>

namespace bpvs {

class Marks {
public:
    explicit Marks(Store& store) : store_(store) {}

    /// In order.
    Result<std::vector<MarkRule>> list() const;

    /// At the end, or before the rule `number` (1: the first). no_rule: the list has no such place; no_room
    Result<void> add(const MarkRule& rule, std::optional<u32> number = {});
    /// The first rule that is the same. no_rule
    Result<void> remove(const MarkRule& rule);
    Result<void> remove(u32 number);
    Result<void> clear();

    /// Forgets what a killed command left of another list than the one in force.
    Result<void> recover();

private:
    Result<void> replace(std::span<const MarkRule> rules);
    Result<void> write(u32 generation, std::span<const MarkRule> rules);

    Store& store_;
};

} // namespace bpvs
