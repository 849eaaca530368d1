// From expressions to packets.
#include "tests/scenarios/lib/packet.hh"

#include "tests/scenarios/lib/sctp.hh"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <limits>
#include <map>

namespace bpvs::scenario {

template <class T>
T parse_number(const std::string& text) {
    const bool hex = text.starts_with("0x");
    const char* begin = text.data() + (hex ? 2 : 0);
    const char* end = text.data() + text.size();
    u64 value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
    if (error != std::errc{} || stop != end || value > std::numeric_limits<T>::max())
        throw Wrong(fmt::format("'{}' is not a number up to {}", text, std::numeric_limits<T>::max()));
    return static_cast<T>(value);
}
template u8 parse_number<u8>(const std::string&);
template u16 parse_number<u16>(const std::string&);
template u32 parse_number<u32>(const std::string&);
template u64 parse_number<u64>(const std::string&);

std::vector<std::string> tokens_of(std::string_view line) {
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < line.size();) {
        const char c = line[i];
        if (c == ' ' || c == '\t') {
            i++;
        } else if (c == '(' || c == ')') {
            tokens.emplace_back(1, c);
            i++;
        } else {
            const std::size_t end = c == '"' ? std::min(line.find('"', i + 1), line.size() - 1) + 1
                                             : std::min(line.find_first_of(" \t()", i), line.size());
            tokens.emplace_back(line.substr(i, end - i));
            i = end;
        }
    }
    return tokens;
}

namespace {

constexpr u8 flag_bits[] = {net::tcp::fin, net::tcp::syn, net::tcp::rst, 0x08, net::tcp::ack, 0x20};
constexpr std::string_view flag_letters = "FSRPAU";

Bytes parse_hex(std::string_view text) {
    if (text.size() % 2 != 0)
        throw Wrong(fmt::format("'{}' has half a byte", text));
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes.push_back(parse_number<u8>("0x" + std::string(text.substr(i, 2))));
    return bytes;
}

/// 100B, hex:0102, "text"
Bytes parse_bytes(const std::string& text) {
    if (text.starts_with('"') && text.size() >= 2)
        return Bytes(text.begin() + 1, text.end() - 1);
    if (text.starts_with("hex:"))
        return parse_hex(std::string_view(text).substr(4));
    if (!text.ends_with('B'))
        throw Wrong(fmt::format("'{}' should be bytes: 100B, hex:0102 or \"text\"", text));
    Bytes bytes(parse_number<u16>(text.substr(0, text.size() - 1)));
    for (std::size_t i = 0; i < bytes.size(); i++)
        bytes[i] = static_cast<u8>('a' + i % 26);
    return bytes;
}

Mac parse_mac(const std::string& text) {
    std::string digits = text;
    std::erase(digits, ':');
    const Bytes bytes = parse_hex(digits);
    if (bytes.size() != 6)
        throw Wrong(fmt::format("'{}' is not a MAC address", text));
    Mac mac{};
    std::ranges::copy(bytes, mac.begin());
    return mac;
}

u16 parse_error_of_sum(const std::string& text) {
    if (!text.starts_with('+'))
        throw Wrong(fmt::format("'{}' should be an error to add, as +1", text));
    return parse_number<u16>(text.substr(1));
}

class Parser {
public:
    explicit Parser(const std::vector<std::string>& tokens) : tokens_(tokens) {}

    Packet packet() {
        kind();
        if (p_.kind == Packet::Kind::frame) {
            p_.ether_type = parse_number<u16>(next());
            p_.payload = parse_bytes(next());
        } else {
            endpoint(p_.saddr, p_.sport);
            if (next() != ">")
                throw Wrong("a packet goes from > to");
            endpoint(p_.daddr, p_.dport);
            if (p_.saddr.family != p_.daddr.family)
                throw Wrong("a packet goes from and to addresses of one family");
            if (p_.kind == Packet::Kind::icmp && p_.saddr.family == Family::v6)
                p_.protocol = 58;
            if (p_.kind == Packet::Kind::tcp)
                flags();
            if (p_.kind == Packet::Kind::sctp)
                p_.chunks = parse_chunks(next());
            if (p_.kind == Packet::Kind::icmp)
                icmp();
        }
        while (at_ < tokens_.size() && tokens_[at_] != ")")
            option(next());
        return p_;
    }
    std::size_t consumed() const { return at_; }

private:
    std::string next() {
        if (at_ >= tokens_.size())
            throw Wrong("the packet expression ends too early");
        return tokens_[at_++];
    }

    void kind() {
        const std::string word = next();
        if (word == "tcp")
            p_.kind = Packet::Kind::tcp, p_.protocol = 6;
        else if (word == "udp")
            p_.kind = Packet::Kind::udp, p_.protocol = 17;
        else if (word == "sctp")
            p_.kind = Packet::Kind::sctp, p_.protocol = 132;
        else if (word == "icmp")
            p_.kind = Packet::Kind::icmp, p_.protocol = 1;
        else if (word == "ip")
            p_.kind = Packet::Kind::ip, p_.protocol = 47;
        else if (word == "frame")
            p_.kind = Packet::Kind::frame;
        else
            throw Wrong(fmt::format("'{}' is no packet; tcp, udp, sctp, icmp, ip and frame are", word));
    }

    void endpoint(Host& addr, u16& port) {
        const std::string text = next();
        const bool has_port =
            p_.kind == Packet::Kind::tcp || p_.kind == Packet::Kind::udp || p_.kind == Packet::Kind::sctp;
        const std::size_t colon = has_port ? text.rfind(':') : std::string::npos;
        if (has_port != (colon != std::string::npos))
            throw Wrong(fmt::format("'{}': tcp, udp and sctp have address:port, others an address only", text));
        std::string host = text.substr(0, colon);
        if (host.starts_with('[') && host.ends_with(']'))
            host = host.substr(1, host.size() - 2);
        addr = parse_address(host);
        if (has_port)
            port = parse_number<u16>(text.substr(colon + 1));
    }

    void flags() {
        const std::string text = next();
        if (text == "-")
            return;
        for (const char c : text) {
            const std::size_t i = flag_letters.find(c);
            if (i == std::string_view::npos)
                throw Wrong(fmt::format("'{}' should be TCP flags of {} or -", text, flag_letters));
            p_.flags |= flag_bits[i];
        }
    }

    /// TYPE/CODE about ( packet )
    void icmp() {
        const std::string text = next();
        const std::size_t slash = text.find('/');
        if (slash == std::string::npos)
            throw Wrong(fmt::format("'{}' should be an ICMP type/code", text));
        p_.icmp_type = parse_number<u8>(text.substr(0, slash));
        p_.icmp_code = parse_number<u8>(text.substr(slash + 1));
    }

    void about() {
        if (next() != "(")
            throw Wrong("after 'about' comes a packet in parentheses");
        const std::vector<std::string> rest(tokens_.begin() + static_cast<std::ptrdiff_t>(at_), tokens_.end());
        Parser inner(rest);
        p_.about = std::make_shared<Packet>(inner.packet());
        at_ += inner.consumed();
        if (next() != ")")
            throw Wrong("the parenthesis after 'about' is not closed");
    }

    void option(const std::string& word) {
        static const std::map<std::string, std::function<void(Parser&)>, std::less<>> options{
            {"ttl", [](Parser& s) { s.p_.ttl = parse_number<u8>(s.next()); }},
            {"tos", [](Parser& s) { s.p_.tos = parse_number<u8>(s.next()); }},
            {"id", [](Parser& s) { s.p_.id = parse_number<u16>(s.next()); }},
            {"df", [](Parser& s) { s.p_.fragment |= net::ipv4::dont_fragment; }},
            {"mf", [](Parser& s) { s.p_.fragment |= 0x2000; }},
            {"offset",
             [](Parser& s) { s.p_.fragment = static_cast<u16>(s.p_.fragment | parse_number<u16>(s.next()) / 8); }},
            {"proto", [](Parser& s) { s.p_.protocol = parse_number<u8>(s.next()); }},
            {"flow", [](Parser& s) { s.p_.flow_label = parse_number<u32>(s.next()); }},
            {"ext", [](Parser& s) { s.extension(); }},
            {"ipopt", [](Parser& s) { s.p_.ip_options = parse_bytes(s.next()); }},
            {"seq", [](Parser& s) { s.p_.seq = parse_number<u32>(s.next()); }},
            {"ack", [](Parser& s) { s.p_.ack = parse_number<u32>(s.next()); }},
            {"win", [](Parser& s) { s.p_.window = parse_number<u16>(s.next()); }},
            {"tag", [](Parser& s) { s.p_.tag = parse_number<u32>(s.next()); }},
            {"opt", [](Parser& s) { s.p_.tcp_options = parse_bytes(s.next()); }},
            {"payload", [](Parser& s) { s.p_.payload = parse_bytes(s.next()); }},
            {"rest", [](Parser& s) { s.p_.icmp_rest = parse_number<u32>(s.next()); }},
            {"mtu", [](Parser& s) { s.p_.icmp_rest = parse_number<u16>(s.next()); }},
            {"about", [](Parser& s) { s.about(); }},
            {"cut", [](Parser& s) { s.p_.cut = parse_number<u16>(s.next()); }},
            {"sum", [](Parser& s) { s.sum(); }},
            {"ipsum", [](Parser& s) { s.p_.ip_sum_error = parse_error_of_sum(s.next()); }},
            {"length", [](Parser& s) { s.p_.total_length = parse_number<u16>(s.next()); }},
            {"vlan", [](Parser& s) { s.p_.vlan = parse_number<u16>(s.next()); }},
            {"mark", [](Parser& s) { s.p_.mark = parse_number<u32>(s.next()); }},
            {"mac", [](Parser& s) { s.p_.to = parse_mac(s.next()); }},
        };
        const auto it = options.find(word);
        if (it == options.end())
            throw Wrong(fmt::format("'{}' is not a part of a packet", word));
        it->second(*this);
    }

    void extension() {
        static const std::map<std::string, u8, std::less<>> numbers{{"hop", net::ipv6::hop_by_hop},
                                                                    {"routing", net::ipv6::routing},
                                                                    {"frag", net::ipv6::fragment},
                                                                    {"auth", net::ipv6::authentication},
                                                                    {"dst", net::ipv6::destination_options}};
        const std::string name = next();
        const auto it = numbers.find(name);
        if (it == numbers.end() || p_.saddr.family != Family::v6)
            throw Wrong(fmt::format("'{}': IPv6 packets have ext hop, routing, frag, auth or dst", name));
        p_.extensions.push_back(it->second);
    }

    void sum() {
        const std::string text = next();
        if (text.starts_with('+'))
            p_.sum_error = parse_error_of_sum(text);
        else
            p_.sum = parse_number<u32>(text);
    }

    const std::vector<std::string>& tokens_;
    std::size_t at_ = 0;
    Packet p_;
};

} // namespace

Packet parse_packet(const std::vector<std::string>& tokens) {
    Parser parser(tokens);
    Packet p = parser.packet();
    if (parser.consumed() != tokens.size())
        throw Wrong(fmt::format("'{}' after the end of the packet", tokens[parser.consumed()]));
    return p;
}

} // namespace bpvs::scenario
