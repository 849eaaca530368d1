#include "cli/bpvs/outcome.hh"

#include <cstdio>
#include <fmt/format.h>

namespace bpvs::cli {

int outcome(const Result<void>& result) {
    if (result)
        return 0;
    fmt::print(stderr, "bpvs: {}\n", result.error().message);
    return 1;
}

} // namespace bpvs::cli
