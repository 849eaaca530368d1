// SCTP's states, cell by cell.
#include "control/director.hh"
#include "core/model/timeouts.hh"
#include "core/pipeline/state.hh"
#include "tests/scenarios/lib/sctp.hh"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

namespace bpvs {
namespace {

// The table of Linux IPVS for masquerading, as the real one's -Lnc printed it: direction and first chunk, then the next
// state for each state now.
constexpr const char* table = R"(
                      NONE        INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  DATA              ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  INIT              INIT1       INIT        INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  INIT        INIT
in  INIT_ACK          C-WAIT      C-WAIT      C-WAIT      C-SENT      C-REPLIED   COOKIE      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  SACK              ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  HEARTBEAT         ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  HEARTBEAT_ACK     ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  ABORT             CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      REJECTED    CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED
in  SHUTDOWN          S-RECEIVED  INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    S-RECEIVED  S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  SHUTDOWN_ACK      CLOSED      INIT        INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED CLOSED      S-RECEIVED  CLOSED      REJECTED    CLOSED
in  ERROR             CLOSED      INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      CLOSED      ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  COOKIE_ECHO       C-REPLIED   INIT        INIT        C-REPLIED   C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  COOKIE_ACK        ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      ESTABLISHED ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
in  SHUTDOWN_COMPLETE CLOSED      CLOSED      CLOSED      C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  CLOSED      REJECTED    CLOSED
out DATA              ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out INIT              C-WAIT      C-WAIT      C-WAIT      C-WAIT      C-WAIT      C-WAIT      C-WAIT      C-WAIT      ESTABLISHED C-WAIT      C-WAIT      C-WAIT      C-WAIT      C-WAIT
out INIT_ACK          C-SENT      C-SENT      C-SENT      C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out SACK              ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out HEARTBEAT         ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out HEARTBEAT_ACK     ESTABLISHED INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out ABORT             CLOSED      REJECTED    CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      CLOSED
out SHUTDOWN          S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out SHUTDOWN_ACK      S-ACK-SENT  S-ACK-SENT  S-ACK-SENT  S-ACK-SENT  S-ACK-SENT  C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-ACK-SENT  S-ACK-SENT  S-ACK-SENT  REJECTED    CLOSED
out ERROR             CLOSED      CLOSED      CLOSED      CLOSED      CLOSED      C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out COOKIE_ECHO       C-ECHOED    C-ECHOED    C-ECHOED    C-ECHOED    C-ECHOED    C-ECHOED    C-ECHOED    C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out COOKIE_ACK        ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
out SHUTDOWN_COMPLETE CLOSED      INIT1       INIT        C-SENT      C-REPLIED   C-WAIT      COOKIE      C-ECHOED    ESTABLISHED S-SENT      S-RECEIVED  S-ACK-SENT  REJECTED    CLOSED
)";

std::map<std::string, State> states() {
    std::map<std::string, State> all{{"NONE", State::none}};
    for (u32 s = static_cast<u32>(State::sctp_init1); s < state_count; s++)
        all[state_name(static_cast<State>(s))] = static_cast<State>(s);
    return all;
}

net::SctpEvent event_of(const std::string& chunk) { return net::event_of_chunk(scenario::parse_chunks(chunk).front()); }

TEST(SctpState, every_cell_is_as_ipvs) {
    const auto named = states();
    ASSERT_EQ(named.size(), 14u);
    std::istringstream lines(table);
    std::string line, word;
    std::getline(lines, line);
    std::getline(lines, line);
    std::vector<std::string> columns;
    for (std::istringstream head(line); head >> word;)
        columns.push_back(word);
    int cells = 0;
    while (std::getline(lines, line)) {
        std::string direction, chunk;
        std::istringstream row(line);
        row >> direction >> chunk;
        const Direction d = direction == "in" ? Direction::request : Direction::reply;
        for (const std::string& now : columns) {
            ASSERT_TRUE(row >> word);
            EXPECT_EQ(next_state(named.at(now), sctp_row(d, event_of(chunk))), named.at(word))
                << direction << ' ' << chunk << " in " << now;
            cells++;
        }
    }
    EXPECT_EQ(cells, 2 * 13 * 14);
}

TEST(SctpState, abort_behind_a_cookie_aborts_and_no_chunk_changes_nothing) {
    for (const auto& [name, now] : states())
        for (const Direction d : {Direction::request, Direction::reply}) {
            EXPECT_EQ(next_state(now, sctp_row(d, net::SctpEvent::cookie_abort)),
                      next_state(now, sctp_row(d, net::SctpEvent::abort)))
                << name;
            EXPECT_EQ(next_state(now, sctp_row(d, net::SctpEvent::none)), now) << name;
        }
}

TEST(SctpState, has_the_timeouts_of_ipvs) {
    const std::map<std::string, u32> other{{"NONE", 2}, {"INIT1", 4}, {"REJECTED", 4}, {"ESTABLISHED", 900}};
    for (const auto& [name, state] : states())
        EXPECT_EQ(default_timeout(state), other.contains(name) ? other.at(name) : 60) << name;
}

} // namespace
} // namespace bpvs
