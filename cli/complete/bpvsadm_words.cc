#include "cli/bpvsadm/check.hh"
#include "cli/bpvsadm/filter.hh"
#include "cli/bpvsadm/text.hh"
#include "cli/bpvsadm/values.hh"
#include "cli/complete/candidates.hh"

#include <algorithm>
#include <net/if.h>
#include <optional>
#include <set>

namespace bpvs::cli {
namespace {

/// The command line up to the word that is being written.
struct Line {
    const CommandRow* command = nullptr;
    std::vector<const OptionRow*> given;
    const OptionRow* pending = nullptr; ///< takes the next word as its argument
    std::string service;                ///< the last service that was named
    IpProto protocol = IpProto::none;
    std::string scheduler;

    bool has(Opt opt) const {
        return std::ranges::any_of(given, [&](const OptionRow* row) { return row->opt == opt; });
    }
};

const CommandRow* command_by(std::string_view long_name, char short_name) {
    for (const CommandRow& row : commands())
        if (short_name != 0 ? row.short_name == short_name : row.long_name != nullptr && row.long_name == long_name)
            return &row;
    return nullptr;
}

const OptionRow* option_by(std::string_view long_name, char short_name) {
    for (const OptionRow& row : options())
        if (short_name != 0 ? row.short_name == short_name : row.long_name == long_name)
            return &row;
    return nullptr;
}

void argument(Line& line, const OptionRow& row, const std::string& value) {
    if (row.opt == Opt::service) {
        line.service = value;
        line.protocol = static_cast<IpProto>(row.choice);
    } else if (row.opt == Opt::scheduler) {
        line.scheduler = value;
    }
}

void option(Line& line, const OptionRow* row, const std::optional<std::string>& value) {
    if (row == nullptr)
        return;
    line.given.push_back(row);
    if (value)
        argument(line, *row, *value);
    else if (row->takes == Takes::argument)
        line.pending = row;
}

/// "-Ln", "-t", "-w5".
void cluster(Line& line, const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
        if (line.command == nullptr) {
            line.command = command_by("", word[i]);
            continue;
        }
        const OptionRow* row = option_by("", word[i]);
        const bool rest = row != nullptr && row->takes != Takes::nothing && i + 1 < word.size();
        option(line, row, rest ? std::optional(word.substr(i + 1)) : std::nullopt);
        if (rest)
            return;
    }
}

void take(Line& line, const std::string& word) {
    if (line.pending != nullptr) {
        argument(line, *line.pending, word);
        line.pending = nullptr;
    } else if (word.starts_with("--")) {
        const auto equals = word.find('=');
        const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
        if (line.command == nullptr)
            line.command = command_by(name, 0);
        else
            option(line, option_by(name, 0),
                   equals == std::string::npos ? std::nullopt : std::optional(word.substr(equals + 1)));
    } else if (word.starts_with('-')) {
        cluster(line, word);
    }
}

std::string spelled(const ServiceName& n) {
    return n.fwmark != 0 ? std::to_string(n.fwmark) : endpoint_text(n.family, n.vip, n.vport, n.protocol, {});
}

std::vector<Candidate> services_of(IpProto protocol, const Services& services) {
    std::vector<Candidate> found;
    for (const ServiceView& s : services())
        if (s.spec.name.protocol == protocol)
            found.push_back({spelled(s.spec.name), s.spec.scheduler});
    return found;
}

/// Of the service that was named; for a new server those of the others.
std::vector<Candidate> servers_for(const Line& line, const Services& services) {
    const bool add = line.command->verb == Verb::add_server;
    std::set<std::string> found;
    for (const ServiceView& s : services()) {
        const bool named = s.spec.name.protocol == line.protocol && spelled(s.spec.name) == line.service;
        for (const ServerView& v : s.servers)
            if (line.service.empty() || named != add)
                found.insert(endpoint_text(v.spec.family, v.spec.addr, v.spec.port, s.spec.name.protocol, {}));
    }
    std::vector<Candidate> words;
    words.reserve(found.size());
    for (const std::string& word : found)
        words.push_back({word, ""});
    return words;
}

const char* prefix_of(IpProto protocol) {
    switch (protocol) {
    case IpProto::tcp:
        return "tcp:";
    case IpProto::udp:
        return "udp:";
    case IpProto::sctp:
        return "sctp:";
    default:
        return "fwmark:";
    }
}

std::vector<Candidate> words_of(std::string_view list) {
    std::vector<Candidate> words;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = std::min(list.find_first_of(",|", begin), list.size());
        words.push_back({std::string(list.substr(begin, end - begin)), ""});
        begin = end + 1;
    }
    return words;
}

std::vector<Candidate> flags_for(const std::string& scheduler) {
    return words_of(sched_flags_text(~u32{0}, scheduler));
}

std::vector<Candidate> arguments_of(const OptionRow& row, const Line& line, const Services& services) {
    std::vector<Candidate> words;
    switch (row.opt) {
    case Opt::service:
        return line.command->verb == Verb::add_service ? words
                                                       : services_of(static_cast<IpProto>(row.choice), services);
    case Opt::server:
    case Opt::filter_server:
        return servers_for(line, services);
    case Opt::scheduler:
        for (const std::string& name : scheduler_names())
            words.push_back({name, ""});
        return words;
    case Opt::sched_flags:
        return flags_for(line.scheduler);
    case Opt::tun_type:
        for (const char* type : tunnel_types)
            words.push_back({type, ""});
        return words;
    case Opt::drain:
        return words_of("finish,reset");
    case Opt::mcast_interface:
        return interface_candidates();
    case Opt::filter_service:
        for (const ServiceView& s : services())
            words.push_back({prefix_of(s.spec.name.protocol) + spelled(s.spec.name), s.spec.scheduler});
        return words;
    case Opt::filter_state:
        return words_of(all_states());
    default:
        return words;
    }
}

template <class Row>
void add_spellings(std::vector<Candidate>& words, const Row& row) {
    const char* help = row.help != nullptr ? row.help : "";
    if (row.long_name != nullptr)
        words.push_back({std::string("--") + row.long_name, help});
    if (row.short_name != 0)
        words.push_back({std::string("-") + row.short_name, help});
}

std::vector<Candidate> command_words() {
    std::vector<Candidate> words;
    for (const CommandRow& row : commands())
        add_spellings(words, row);
    return words;
}

/// What the parser would still accept after `line`.
bool may_follow(const Line& line, const OptionRow& row) {
    if (row.opt == Opt::ipv6)
        return line.has(Opt::service) && line.protocol == IpProto::none && !line.has(Opt::ipv6);
    if (row.opt >= Opt::count)
        return line.command->verb == Verb::list && !line.has(row.opt);
    const Rule own = rule(line.command->verb, row.opt);
    if (own == Rule::illegal || line.has(row.opt))
        return false;
    return own != Rule::exclusive || std::ranges::none_of(line.given, [&](const OptionRow* other) {
               return other->opt < Opt::count && rule(line.command->verb, other->opt) == Rule::exclusive;
           });
}

std::vector<Candidate> option_words(const Line& line) {
    std::vector<Candidate> words;
    if (line.command->verb == Verb::help || line.command->verb == Verb::version)
        return words;
    for (const OptionRow& row : options())
        if (may_follow(line, row))
            add_spellings(words, row);
    return words;
}

} // namespace

std::vector<Candidate> interface_candidates() {
    std::vector<Candidate> words;
    struct if_nameindex* all = if_nameindex();
    for (struct if_nameindex* i = all; i != nullptr && i->if_index != 0; ++i)
        words.push_back({i->if_name, ""});
    if (all != nullptr)
        if_freenameindex(all);
    return words;
}

Candidates bpvsadm_candidates(const std::vector<std::string>& words, const Services& services) {
    Line line;
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
        take(line, words[i]);
    const std::string current = words.empty() ? "" : words.back();
    Candidates result;
    if (words.size() <= 1) {
        result.words = command_words();
    } else if (line.command == nullptr) {
        return result; // not a command: the parser refuses it
    } else if (line.pending != nullptr) {
        result.words = arguments_of(*line.pending, line, services);
    } else if (line.command->takes == Takes::argument && words.size() == 2) {
        result.words = {{"master", ""}, {"backup", ""}};
    } else if (const auto equals = current.find('='); current.starts_with("--") && equals != std::string::npos) {
        if (const OptionRow* row = option_by(current.substr(2, equals - 2), 0))
            result.words = arguments_of(*row, line, services);
        for (Candidate& c : result.words)
            c.word.insert(0, current.substr(0, equals + 1));
    } else {
        result.words = option_words(line);
    }
    std::erase_if(result.words, [&](const Candidate& c) { return !c.word.starts_with(current); });
    return result;
}

} // namespace bpvs::cli
