#include "cli/manual/manual.hh"

#include <algorithm>

namespace bpvs::cli {

std::string mdoc_text(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\''))
            out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
        line_begins = c == '\n';
    }
    return out;
}

std::string mdoc_sentence(std::string_view text) {
    constexpr std::size_t width = 72;
    std::string line, lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
        if (!line.empty() && line.size() + end - begin >= width) {
            lines += mdoc_text(line) + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + std::string(text.substr(begin, end - begin));
        begin = end + 1;
    }
    lines += mdoc_text(line) + (text.ends_with('.') ? "\n" : ".\n");
    // A word that is followed by a colon or comma is a name; it keeps its case.
    const std::size_t word = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
    if (word != 0 && word != std::string_view::npos && text[word] == ' ')
        lines.front() = static_cast<char>(lines.front() - 'a' + 'A');
    return lines;
}

std::string mdoc_argument(std::string_view text) {
    std::string out = "\"\\&";
    for (const char c : mdoc_text(text))
        out += c == '"' ? "\\(dq" : std::string(1, c);
    return out + "\"";
}

} // namespace bpvs::cli
