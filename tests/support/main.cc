// bpvs-standing: makes the director of the current network namespace fresh, or shows what its maps hold.
#include "tests/support/standing.hh"

#include <fmt/format.h>

#include <string_view>

namespace {

using namespace bpvs;

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char c : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

/// The words that are not zero, each with its offset.
std::string words_of(const std::string& value) {
    std::string text;
    for (std::size_t at = 0; at < value.size(); at += sizeof(u64))
        if (const std::string word = value.substr(at, sizeof(u64)); word.find_first_not_of('\0') != std::string::npos)
            text += fmt::format(" {}:{}", at, hex(word));
    return text;
}

int complain(const Error& error) {
    fmt::print(stderr, "bpvs-standing: {}\n", error.message);
    return 1;
}

int reset() {
    const auto done = support::reset_director();
    return done ? 0 : complain(done.error());
}

int show() {
    const auto contents = support::contents_of_director();
    if (!contents)
        return complain(contents.error());
    for (const auto& [map, elements] : *contents) {
        fmt::print("{}\n", map);
        for (const auto& [key, value] : elements)
            fmt::print("  {}{}\n", hex(key), words_of(value));
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc == 2 ? argv[1] : "";
    if (verb == "reset")
        return reset();
    if (verb == "show")
        return show();
    fmt::print(stderr, "usage: bpvs-standing reset|show\n"
                       "reset: the director of this network namespace becomes as it was when it came up\n"
                       "show:  what its maps hold, but for timers, interfaces and the keys of the hash\n");
    return 2;
}
