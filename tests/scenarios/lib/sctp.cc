#include "tests/scenarios/lib/sctp.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bpvs::scenario {

namespace {

struct ChunkName {
    std::string_view name;
    u8 type;
};
constexpr std::array chunks{
    ChunkName{"DATA", 0},
    ChunkName{"INIT", 1},
    ChunkName{"INIT_ACK", 2},
    ChunkName{"SACK", 3},
    ChunkName{"HEARTBEAT", 4},
    ChunkName{"HEARTBEAT_ACK", 5},
    ChunkName{"ABORT", 6},
    ChunkName{"SHUTDOWN", 7},
    ChunkName{"SHUTDOWN_ACK", 8},
    ChunkName{"ERROR", 9},
    ChunkName{"COOKIE_ECHO", 10},
    ChunkName{"COOKIE_ACK", 11},
    ChunkName{"SHUTDOWN_COMPLETE", 14},
};
constexpr std::size_t header = 12, check = 8;

} // namespace

Bytes parse_chunks(const std::string& text) {
    Bytes bytes;
    if (text == "-")
        return bytes;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string name = text.substr(begin, end - begin);
        const auto it = std::ranges::find(chunks, name, &ChunkName::name);
        if (it == chunks.end())
            throw Wrong(fmt::format("'{}' should be names of SCTP chunks, as INIT or COOKIE_ECHO,DATA, or -", text));
        bytes.insert(bytes.end(), {it->type, 0, 0, 8, 0, 0, 0, 0});
        begin = end + 1;
    }
    return bytes;
}

u32 crc32c(const u8* p, std::size_t n) {
    u32 crc = 0xffffffff;
    for (std::size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

u32 sctp_sum(Bytes packet) {
    std::fill_n(packet.begin() + check, 4, u8{0});
    return __builtin_bswap32(crc32c(packet.data(), packet.size())); // it is sent from its lowest byte on
}

std::string describe_chunks(const u8* l4, std::size_t n) {
    std::string text;
    for (std::size_t at = header; at + 4 <= n;) {
        const auto it = std::ranges::find(chunks, l4[at], &ChunkName::type);
        text += text.empty() ? "" : ",";
        text += it == chunks.end() ? fmt::format("{}", l4[at]) : std::string(it->name);
        const std::size_t length = static_cast<std::size_t>(l4[at + 2]) << 8 | l4[at + 3];
        at += std::max<std::size_t>(4, (length + 3) & ~std::size_t{3});
    }
    return text.empty() ? "-" : text;
}

} // namespace bpvs::scenario
