// SCTP in packet expressions: chunks by name, and the checksum, computed from scratch.
#pragma once

#include "tests/scenarios/lib/packet.hh"

namespace bpvs::scenario {

/// INIT or COOKIE_ECHO,DATA or - : each chunk with four zero bytes of value.
Bytes parse_chunks(const std::string& text);

/// CRC32c (RFC 9260, appendix A), bit by bit.
u32 crc32c(const u8* p, std::size_t n);

/// The checksum field of an SCTP packet as a number: its bytes from the first to the last.
u32 sctp_sum(Bytes packet);

/// The chunks behind the SCTP header, in the words of parse_chunks().
std::string describe_chunks(const u8* l4, std::size_t n);

} // namespace bpvs::scenario
