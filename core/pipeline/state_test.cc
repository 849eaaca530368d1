#include "core/pipeline/state.hh"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

namespace bpvs {
namespace {

// The table of Linux IPVS for masquerading, typed in from measurements of the real one:
// direction and event, then the next state for each state now.
constexpr const char* usual_table = R"(
          NONE ESTAB SYN_SENT SYN_RECV FIN_WAIT TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN SYNACK
in  SYN   SR   ES    ES       SR       SR       SR        SR    SR         SR       SR     SR
in  FIN   CL   CW    SS       TW       TW       TW        CL    CW         LA       LI     TW
in  ACK   ES   ES    SS       ES       FW       TW        CL    CW         CL       LI     ES
in  RST   CL   CL    CL       SR       CL       CL        CL    CL         LA       LI     SR
out SYN   SS   ES    SS       SR       SS       SS        SS    SS         SS       LI     SR
out FIN   TW   FW    SS       TW       FW       TW        CL    TW         LA       LI     TW
out ACK   ES   ES    SS       ES       FW       TW        CL    CW         LA       ES     ES
out RST   CL   CL    SS       CL       CL       TW        CL    CL         CL       CL     CL
)";

// The same with secure_tcp = 3.
constexpr const char* secure_table = R"(
          NONE ESTAB SYN_SENT SYN_RECV FIN_WAIT TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN SYNACK
in  SYN   SR   ES    ES       SR       SR       SR        SR    SR         SR       SR     SA
in  FIN   CL   CW    SS       TW       TW       TW        CL    CW         LA       LI     SA
in  ACK   ES   ES    SS       SR       FW       TW        CL    CW         CL       LI     SA
in  RST   CL   CL    CL       SR       CL       CL        CL    CL         LA       LI     CL
out SYN   SS   ES    SS       SA       SS       SS        SS    SS         SS       LI     SA
out FIN   TW   FW    SS       TW       FW       TW        CL    TW         LA       LI     TW
out ACK   ES   ES    SS       ES       FW       TW        CL    CW         LA       ES     ES
out RST   CL   CL    SS       CL       CL       TW        CL    CL         CL       CL     CL
)";

const std::map<std::string, State> short_names{
    {"ES", State::established}, {"SS", State::syn_sent}, {"SR", State::syn_recv},   {"FW", State::fin_wait},
    {"TW", State::time_wait},   {"CL", State::close},    {"CW", State::close_wait}, {"LA", State::last_ack},
    {"LI", State::listen},      {"SA", State::synack},
};
const std::map<std::string, State> long_names{
    {"NONE", State::none},         {"ESTAB", State::established},     {"SYN_SENT", State::syn_sent},
    {"SYN_RECV", State::syn_recv}, {"FIN_WAIT", State::fin_wait},     {"TIME_WAIT", State::time_wait},
    {"CLOSE", State::close},       {"CLOSE_WAIT", State::close_wait}, {"LAST_ACK", State::last_ack},
    {"LISTEN", State::listen},     {"SYNACK", State::synack},
};
const std::map<std::string, u8> events{{"SYN", 0x02}, {"FIN", 0x01}, {"ACK", 0x10}, {"RST", 0x04}};

void check_every_cell(const char* table, bool secure) {
    std::istringstream lines(table);
    std::string line, word;
    std::getline(lines, line);
    std::getline(lines, line);
    std::vector<std::string> columns;
    for (std::istringstream head(line); head >> word;)
        columns.push_back(word);
    int cells = 0;
    while (std::getline(lines, line)) {
        std::string direction, event;
        std::istringstream row(line);
        row >> direction >> event;
        for (const std::string& now : columns) {
            ASSERT_TRUE(row >> word);
            const State next =
                next_state(long_names.at(now), tcp_row(direction == "in" ? Direction::request : Direction::reply,
                                                       events.at(event), secure));
            EXPECT_EQ(next, short_names.at(word)) << direction << ' ' << event << " in " << now;
            cells++;
        }
    }
    EXPECT_EQ(cells, 88);
}

TEST(TcpState, every_cell_is_as_ipvs) { check_every_cell(usual_table, false); }

TEST(TcpState, with_secure_tcp_every_cell_is_as_ipvs) { check_every_cell(secure_table, true); }

TEST(TcpState, of_several_flags_reset_counts_before_syn_before_fin_before_ack) {
    const auto next = [](u8 flags) { return next_state(State::fin_wait, tcp_row(Direction::request, flags, false)); };
    constexpr u8 fin = 0x01, syn = 0x02, rst = 0x04, push = 0x08, ack = 0x10, urgent = 0x20;
    EXPECT_EQ(next(rst | syn | fin | ack), State::close);
    EXPECT_EQ(next(syn | fin | ack), State::syn_recv);
    EXPECT_EQ(next(fin | ack | push), State::time_wait);
    EXPECT_EQ(next(ack | push | urgent), State::fin_wait);
}

TEST(TcpState, a_segment_without_flags_closes) {
    for (u32 now = 0; now < 11; now++)
        for (const Direction d : {Direction::request, Direction::reply})
            for (const u8 flags : {u8{0}, u8{0x08}, u8{0x20}, u8{0xc0}})
                for (const bool secure : {false, true})
                    EXPECT_EQ(next_state(static_cast<State>(now), tcp_row(d, flags, secure)), State::close) << now;
}

TEST(TcpState, any_byte_of_flags_in_any_state_leads_to_a_state) {
    for (u32 now = 0; now < 256; now++)
        for (u32 flags = 0; flags < 256; flags++)
            for (const Direction d : {Direction::request, Direction::reply})
                for (const bool secure : {false, true})
                    EXPECT_LT(static_cast<u32>(
                                  next_state(static_cast<State>(now), tcp_row(d, static_cast<u8>(flags), secure))),
                              state_count);
}

TEST(State, active_are_established_syn_sent_syn_recv_and_synack_and_sctps_established) {
    int active = 0;
    for (const State s : {State::established, State::syn_sent, State::syn_recv, State::synack, State::sctp_established})
        active += is_active(s);
    EXPECT_EQ(active, 5);
    for (u32 s = 0; s < state_count; s++)
        active -= is_active(static_cast<State>(s));
    EXPECT_EQ(active, 0) << "no other state is active";
}

TEST(Timeout, is_in_jiffies_of_the_state) {
    Config c{};
    c.hz = 250;
    c.timeouts[static_cast<u32>(State::fin_wait)] = 120;
    EXPECT_EQ(timeout(c, State::fin_wait), 30000u);
    EXPECT_EQ(timeout(c, static_cast<State>(state_count)), 0u);
}

} // namespace
} // namespace bpvs
