// The table of connection states: behaviour of Linux IPVS, measured cell by cell (tests/oracle).
#pragma once

#include "core/model/conn.hh"

namespace bpvs::detail {

// NOLINTBEGIN(readability-identifier-naming): the table is to be read as a table
constexpr u8 NO = static_cast<u8>(State::none), ES = static_cast<u8>(State::established),
             SS = static_cast<u8>(State::syn_sent), SR = static_cast<u8>(State::syn_recv),
             FW = static_cast<u8>(State::fin_wait), TW = static_cast<u8>(State::time_wait),
             CL = static_cast<u8>(State::close), CW = static_cast<u8>(State::close_wait),
             LA = static_cast<u8>(State::last_ack), LI = static_cast<u8>(State::listen),
             SA = static_cast<u8>(State::synack);
/// SCTP's, in the order of State.
enum : u8 { I1 = static_cast<u8>(State::sctp_init1), IN, CS, CR, WA, CO, CE, EST, SE, RE, AS, RJ, CLD };
// NOLINTEND(readability-identifier-naming)
static_assert(CLD + 1 == state_count && I1 % 16 == 1);

constexpr u32 row_without_flags = 16, first_sctp_row = 17, sctp_events = 12;

/// [row][state now] -> next state; a row is padded to 16 so that its columns are the lower bits of a state, and the
/// table so that an index can be masked.
// clang-format off
static constexpr u8 next_states[64 * 16] = {
      // TCP, request
      //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, NO, NO, NO, NO, NO, // SYN
        CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW, NO, NO, NO, NO, NO, // FIN
        ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, NO, NO, NO, NO, NO, // ACK
        CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR, NO, NO, NO, NO, NO, // RST
      // TCP, reply
        SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR, NO, NO, NO, NO, NO,
        TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW, NO, NO, NO, NO, NO,
        ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES, NO, NO, NO, NO, NO,
        CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL, NO, NO, NO, NO, NO,
      // secure_tcp, request: what the client sends does not establish a connection
        SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA, NO, NO, NO, NO, NO, // SYN
        CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA, NO, NO, NO, NO, NO, // FIN
        ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA, NO, NO, NO, NO, NO, // ACK
        CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL, NO, NO, NO, NO, NO, // RST
      // secure_tcp, reply
        SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA, NO, NO, NO, NO, NO,
        TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW, NO, NO, NO, NO, NO,
        ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES, NO, NO, NO, NO, NO,
        CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL, NO, NO, NO, NO, NO,
      // TCP, a segment without any of these flags
        CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, NO, NO, NO, NO, NO,
      // SCTP, request
      //NO   I1   IN   CS   CR   WA   CO   CE   EST  SE   RE   AS   RJ   CLD
        EST, I1,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // DATA and others
        I1,  IN,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  IN,  IN,  NO,  NO, // INIT
        WA,  WA,  WA,  CS,  CR,  CO,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // INIT ACK
        CR,  IN,  IN,  CR,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // COOKIE ECHO
        EST, I1,  IN,  CS,  CR,  WA,  CO,  EST, EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // COOKIE ACK
        RE,  I1,  IN,  CS,  CR,  WA,  CO,  CE,  RE,  SE,  RE,  AS,  RJ,  CLD, NO,  NO, // SHUTDOWN
        CLD, IN,  IN,  CS,  CR,  WA,  CO,  CE,  EST, CLD, RE,  CLD, RJ,  CLD, NO,  NO, // SHUTDOWN ACK
        CLD, CLD, CLD, CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  CLD, RJ,  CLD, NO,  NO, // SHUTDOWN COMPLETE
        CLD, I1,  IN,  CS,  CR,  WA,  CO,  CLD, EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // ERROR
        CLD, CLD, CLD, CLD, CLD, RJ,  CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, NO,  NO, // ABORT
        CLD, CLD, CLD, CLD, CLD, RJ,  CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, NO,  NO, // ABORT behind a cookie
        NO,  I1,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // no chunk
      // SCTP, reply
        EST, I1,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // DATA and others
        WA,  WA,  WA,  WA,  WA,  WA,  WA,  WA,  EST, WA,  WA,  WA,  WA,  WA,  NO,  NO, // INIT
        CS,  CS,  CS,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // INIT ACK
        CE,  CE,  CE,  CE,  CE,  CE,  CE,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // COOKIE ECHO
        EST, EST, EST, EST, EST, EST, EST, EST, EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // COOKIE ACK
        SE,  SE,  SE,  SE,  SE,  SE,  SE,  SE,  SE,  SE,  RE,  AS,  RJ,  CLD, NO,  NO, // SHUTDOWN
        AS,  AS,  AS,  AS,  AS,  WA,  CO,  CE,  EST, AS,  AS,  AS,  RJ,  CLD, NO,  NO, // SHUTDOWN ACK
        CLD, I1,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // SHUTDOWN COMPLETE
        CLD, CLD, CLD, CLD, CLD, WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // ERROR
        CLD, RJ,  CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, NO,  NO, // ABORT
        CLD, RJ,  CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, CLD, NO,  NO, // ABORT behind a cookie
        NO,  I1,  IN,  CS,  CR,  WA,  CO,  CE,  EST, SE,  RE,  AS,  RJ,  CLD, NO,  NO, // no chunk
};
// clang-format on

} // namespace bpvs::detail
