#include "tests/scenarios/lib/bench.hh"

#include "tests/scenarios/lib/commands.hh"
#include "tests/scenarios/lib/stack.hh"

#include <fmt/format.h>

namespace bpvs::scenario {

std::vector<std::string> Bench::commands(const std::vector<Words>& lines) {
    std::vector<std::string> complaints;
    for (const Words& line : lines)
        if (const auto done = command(line); !done)
            complaints.push_back(fmt::format("{}: {}", fmt::join(line, " "), done.error().message));
    return complaints;
}

std::vector<Seen> Bench::exchange(const std::vector<Arrival>& arrivals) {
    std::vector<Seen> all;
    for (const Arrival& a : arrivals) {
        Answer answer = arrive(*a.on, a.frame, a.mark);
        if (answer.fate == Fate::passed)
            std::ranges::move(answer_of_stack(topology_, *a.on, answer.frame), std::back_inserter(all));
        else if (answer.fate == Fate::forwarded)
            all.push_back({&sender(topology_, answer.frame), without_chance(std::move(answer.frame))});
        std::ranges::move(answer.seen, std::back_inserter(all));
    }
    return all;
}

Result<void> DirectorBench::command(const Words& words) {
    return change([&](Director& director, Store&) { return carry_out(director, words); });
}

Result<void> DirectorBench::mark(const Words& words) {
    return change_marks([&](Marks marks) { return carry_out_mark(marks, words); });
}

Result<void> DirectorBench::set(const std::vector<Assignment>& settings) {
    return change([&](Director&, Store& store) { return change_settings(store, settings); });
}

Result<std::vector<ServiceView>> DirectorBench::services(bool) {
    Result<std::vector<ServiceView>> all;
    const auto done = read([&](Director& director, Store&) { all = director.list(); });
    return done ? all : std::unexpected(done.error());
}

Result<std::vector<ConnectionView>> DirectorBench::connections() {
    std::vector<ConnectionView> all;
    if (const auto done = read([&](Director& director, Store&) { all = director.connections(); }); !done)
        return std::unexpected(done.error());
    return all;
}

Result<std::optional<u64>> DirectorBench::packets(Reason reason) {
    Result<std::vector<u64>> all;
    if (const auto done = read([&](Director&, Store& store) { all = store.reasons(); }); !done)
        return std::unexpected(done.error());
    if (!all)
        return std::unexpected(all.error());
    return all->at(static_cast<std::size_t>(reason));
}

std::vector<std::string> DirectorBench::commands(const std::vector<Words>& lines) {
    std::vector<std::string> complaints;
    const auto done = change([&](Director& director, Store&) {
        for (const Words& line : lines)
            if (const auto result = carry_out(director, line); !result)
                complaints.push_back(fmt::format("{}: {}", fmt::join(line, " "), result.error().message));
        return Result<void>{};
    });
    if (!done)
        complaints.push_back(done.error().message);
    return complaints;
}

} // namespace bpvs::scenario
