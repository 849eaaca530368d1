#include "core/model/reasons.hh"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string documentation() {
    std::string text =
        "# Reasons\n\nEvery packet that meets a director is counted under exactly one of these; `bpvs status` shows "
        "the counts.\n"
        "Generated from `core/model/reasons.hh`: `BPVS_WRITE_DOCS=1 build/release/core/core_test`.\n\n"
        "| reason | the packet is | because |\n|---|---|---|\n";
    const char* actions[] = {"left untouched", "sent on", "rewritten, left to the stack", "dropped",
                             "answered by ICMP"};
    const auto row = [&](const char* name, bpvs::Action action, const char* because) {
        text += std::string("| ") + name + " | " + actions[static_cast<int>(action)] + " | " + because + " |\n";
    };
#define X(name, action, because) row(#name, bpvs::Action::action, because);
    BPVS_REASONS(X)
#undef X
    return text;
}

TEST(Reasons, documentation_lists_what_the_code_has) {
    const std::string path = BPVS_SOURCE_DIR "/docs/reasons.md";
    if (std::getenv("BPVS_WRITE_DOCS"))
        std::ofstream(path) << documentation();
    std::stringstream there;
    there << std::ifstream(path).rdbuf();
    EXPECT_EQ(there.str(), documentation());
}

TEST(Reasons, every_reason_has_the_action_of_its_row) {
    EXPECT_EQ(bpvs::action_of(bpvs::Reason::no_service), bpvs::Action::pass);
    EXPECT_EQ(bpvs::action_of(bpvs::Reason::reply_forwarded), bpvs::Action::forward);
    EXPECT_EQ(bpvs::action_of(bpvs::Reason::request_to_stack), bpvs::Action::stack);
    EXPECT_EQ(bpvs::action_of(bpvs::Reason::table_full), bpvs::Action::drop);
}

} // namespace
