#include "control/sets.hh"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace bpvs {
namespace {

static_assert(sizeof(SetEntry) == set_entry_words * sizeof(u32));
static_assert(sizeof(Segment) == segment_words * sizeof(u32));
static_assert(sizeof(LoadGroup) == load_group_words * sizeof(u32));

template <class Element>
void append(std::vector<u32>& words, std::span<const Element> elements) {
    if (elements.empty())
        return;
    const std::size_t at = words.size();
    words.resize(at + elements.size_bytes() / sizeof(u32));
    std::memcpy(words.data() + at, elements.data(), elements.size_bytes());
}

} // namespace

Result<std::vector<SetEntry>> read_entries(Store& store, const Service& service) {
    const std::span<const u32> words = store.words(service.set_offset, service.set_words);
    const auto contradiction = [&] {
        return fail(Errc::system, fmt::format("The tables contradict themselves at service {}; run `bpvs down` and "
                                              "load the configuration again.",
                                              service.id));
    };
    const u64 needed = u64{service.entries} * set_entry_words;
    if (needed > words.size())
        return contradiction();
    std::vector<SetEntry> entries(service.entries);
    if (!entries.empty())
        std::memcpy(entries.data(), words.data(), needed * sizeof(u32));
    if (std::ranges::any_of(entries, [&](const SetEntry& e) { return e.dest >= store.dests().size(); }))
        return contradiction();
    return entries;
}

Result<Block> build_block(Service service, Entries entries, std::span<const Dest> dests, const Turn& turn,
                          u32 max_words) {
    const u64 list_words = u64{entries.size()} * set_entry_words;
    if (list_words > max_words)
        return fail(Errc::no_room, fmt::format("The table of words is full ({} words); remove servers or services, "
                                               "or bring the director up with more room.",
                                               max_words));
    auto rotation = rotation_kind(service.scheduler).lay_out(entries, dests, turn, max_words - list_words);
    if (!rotation)
        return std::unexpected(rotation.error());
    const auto members_at = static_cast<u32>(list_words + rotation->segments.size() * segment_words +
                                             rotation->groups.size() * load_group_words);
    for (Segment& s : rotation->segments)
        s.members += members_at;
    for (LoadGroup& g : rotation->groups)
        g.members += members_at;

    Block block;
    append(block.words, entries);
    append(block.words, std::span<const Segment>(rotation->segments));
    append(block.words, std::span<const LoadGroup>(rotation->groups));
    append(block.words, std::span<const u32>(rotation->members));
    block.words.resize((block.words.size() + 1) / 2 * 2); // packets read pairs
    service.set_words = static_cast<u32>(block.words.size());
    service.entries = static_cast<u32>(entries.size());
    service.segments = static_cast<u32>(rotation->segments.size() + rotation->groups.size());
    service.cycle = rotation->cycle;
    service.start = rotation->start;
    service.last_dest = turn.last_dest;
    service.current_weight = turn.current_weight;
    block.service = service;
    return block;
}

} // namespace bpvs
