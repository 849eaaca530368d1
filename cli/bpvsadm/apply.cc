#include "cli/bpvsadm/apply.hh"

#include "cli/bpvsadm/batch.hh"
#include "cli/bpvsadm/difference.hh"

#include <fmt/format.h>

namespace bpvs::cli {
namespace {

constexpr int trouble = 2;

int troubled(const Error& error, const Streams& streams) {
    return report({trouble, "bpvs: " + error.message}, streams);
}

/// The services that the file has, as the director would show them. Wrong lines have been reported when there are none.
Result<std::optional<std::vector<ServiceView>>> read_table(std::FILE* in, Director& director, const Streams& streams) {
    auto draft = director.draft(); // on an empty table; thrown away
    if (!draft)
        return std::unexpected(draft.error());
    if (auto ok = (*draft)->flush(); !ok)
        return std::unexpected(ok.error());
    if (stage_lines("bpvsadm", in, **draft, Lines::table, streams).exit != exit_ok)
        return std::nullopt;
    auto services = (*draft)->preview();
    if (!services)
        return std::unexpected(services.error());
    return std::optional(std::move(*services));
}

} // namespace

int diff_table(std::FILE* in, Director& director, const Streams& streams) {
    auto wanted = read_table(in, director, streams);
    if (!wanted)
        return troubled(wanted.error(), streams);
    if (!*wanted)
        return trouble;
    auto now = director.list();
    if (!now)
        return troubled(now.error(), streams);
    Output out(streams.out);
    return put_difference(out, std::move(*now), std::move(**wanted)) ? 1 : 0;
}

int apply_table(std::FILE* in, Director& director, bool dry_run, const Streams& streams) {
    auto wanted = read_table(in, director, streams);
    if (!wanted)
        return troubled(wanted.error(), streams);
    if (!*wanted)
        return trouble;
    auto now = director.list();
    if (!now)
        return troubled(now.error(), streams);
    if (!dry_run) {
        auto draft = director.draft();
        if (!draft)
            return troubled(draft.error(), streams);
        if (auto ok = make_equal(**draft, *now, **wanted); !ok)
            return troubled(ok.error(), streams);
        if (auto done = director.commit(**draft); !done)
            return troubled(done.error(), streams);
    }
    Output out(streams.out);
    put_difference(out, std::move(*now), std::move(**wanted));
    return 0;
}

} // namespace bpvs::cli
