#include "tests/differ/play.hh"

#include "tests/scenarios/lib/stack.hh"
#include "tests/scenarios/lib/switches.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

namespace bpvs::differ {

namespace {

/// IPVS does nothing while there is no service at all; sequences are to have none of their own if they like.
constexpr const char* anchor = "-A -t 10.47.255.1:9 -s rr";

std::string endpoint(Family family, const Address& addr, Be16 port) {
    const std::string text = address_text({family, addr});
    return family == Family::v6 ? fmt::format("[{}]:{}", text, from_be16(port))
                                : fmt::format("{}:{}", text, from_be16(port));
}

const char* protocol_name(IpProto protocol) {
    return protocol == IpProto::tcp ? "tcp" : protocol == IpProto::udp ? "udp" : "ip";
}

std::string service_text(const ServiceName& name) {
    return name.fwmark
               ? fmt::format("mark {}", name.fwmark)
               : fmt::format("{} {}", protocol_name(name.protocol), endpoint(name.family, name.vip, name.vport));
}

u32 plot_of_service(const ServiceName& name) {
    return name.fwmark ? plot_of_mark(name.fwmark) : plot_of(Host{name.family, name.vip}).value_or(plots);
}

std::string text_of(const Counters& c) {
    return fmt::format("conns {} in {}/{} out {}/{}", c.conns, c.in_packets, c.in_bytes, c.out_packets, c.out_bytes);
}

template <class T>
T must(Result<T> result) {
    if (!result)
        throw Wrong(result.error().message);
    return std::move(*result);
}

class Playing {
public:
    Playing(Bench& bench, const Plan& plan, const Clock* clock, std::ostream& out)
        : bench_(bench), plan_(plan), clock_(clock), out_(out) {
        for (const Sequence& s : plan.sequences)
            by_plot_[s.plot] = {.sequence = &s, .flows = s.flows};
    }

    void all() {
        // A stack answers with an address of its own: over IPv6 it must be one of an interface.
        for (const Sequence& s : plan_.sequences)
            for (const u32 n : {1u, 2u})
                topology_.links.front().addresses.push_back(parse_address(vip_address(Family::v6, s.plot, n)));
        bench_.set_up(topology_);
        std::vector<Assignment> as_ipvs;
        for (const Switch& s : switches)
            as_ipvs.push_back({std::string(s.name), std::string(s.value)});
        if (const auto done = bench_.set(as_ipvs); !done)
            throw Wrong(done.error().message);
        command(tokens_of(anchor));
        std::size_t rounds = 0;
        for (const Sequence& s : plan_.sequences)
            rounds = std::max(rounds, s.steps.size());
        for (std::size_t r = 0; r < rounds; r++)
            round(r);
        end();
    }

private:
    struct Plot {
        const Sequence* sequence = nullptr;
        std::map<u32, FlowOfPlan> flows;
        std::string seen; ///< lines of this round
    };

    void round(std::size_t r) {
        std::vector<Words> lines;
        std::set<std::string> for_all;
        std::vector<Arrival> arrivals;
        double seconds = 0;
        for (auto& [number, plot] : by_plot_) {
            if (r >= plot.sequence->steps.size())
                continue;
            for (const std::string& part : parts_of(plot.sequence->steps[r])) {
                const Words words = tokens_of(part);
                const std::string what = words.empty() ? "" : words[0];
                if (what == "bpvsadm")
                    lines.emplace_back(words.begin() + 1, words.end());
                else if (what == "in")
                    arrivals.push_back(arrival(plot, part.substr(3)));
                else if (what == "set" || what == "timeouts")
                    for_all.insert(part);
                else if (what == "wait")
                    seconds = std::max(seconds, std::stod(words.at(1)));
            }
        }
        mark_time();
        for (const std::string& line : for_all)
            change_for_all(tokens_of(line));
        if (!lines.empty())
            for (const std::string& complaint : bench_.commands(lines))
                fmt::print(out_, "refused {}\n", complaint);
        mark_time();
        exchange(arrivals);
        mark_time();
        look(plan_.look_often);
        mark_time(); // a look takes time, too
        write(fmt::format("{}", r));
        if (!clock_ && seconds > 0)
            bench_.wait(seconds);
    }

    void end() {
        mark_time();
        look(true);
        mark_time();
        write("last");
        for (const ServiceView& s : must(bench_.services(true))) {
            const u32 plot = plot_of_service(s.spec.name);
            const std::string service = service_text(s.spec.name);
            say(plot, fmt::format("n {} {}", service, text_of(s.counters)));
            for (const ServerView& d : s.servers)
                say(plot,
                    fmt::format("n {} > {} {} persistent {}", service,
                                endpoint(d.spec.family, d.spec.addr, d.spec.port), text_of(d.counters), d.persistent));
        }
        mark_time();
        write("counters");
    }

    /// Time goes on to where the clock says, or is written down.
    void mark_time() {
        if (clock_ && marks_ < clock_->size()) {
            const double time = clock_->at(marks_++);
            bench_.wait(std::max(0.0, time - now_));
            now_ = std::max(now_, time);
        } else if (!clock_) {
            now_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        }
        fmt::print(out_, "@ {:.3f}\n", now_);
    }

    void command(const Words& words) {
        if (const auto done = bench_.command(words); !done)
            fmt::print(out_, "refused {}: {}\n", fmt::join(words, " "), done.error().message);
    }

    void change_for_all(const Words& words) {
        if (words[0] == "timeouts") {
            Words line{"--set"};
            line.insert(line.end(), words.begin() + 1, words.end());
            return command(line);
        }
        std::vector<Assignment> settings;
        for (std::size_t i = 1; i < words.size(); i++)
            settings.push_back({words[i].substr(0, words[i].find('=')), words[i].substr(words[i].find('=') + 1)});
        if (const auto done = bench_.set(settings); !done)
            throw Wrong(done.error().message);
    }

    /// @N: flow N's server, @Na: its address.
    static std::string resolved(const Plot& plot, const std::string& text) {
        std::string result;
        for (std::size_t i = 0; i < text.size(); i++) {
            if (text[i] != '@') {
                result += text[i];
                continue;
            }
            std::size_t used = 0;
            const FlowOfPlan& flow = plot.flows.at(static_cast<u32>(std::stoul(text.substr(i + 1), &used)));
            i += used;
            const bool address_only = i + 1 < text.size() && text[i + 1] == 'a';
            i += address_only;
            result += address_only ? flow.server.substr(0, flow.server.rfind(':')) : flow.server;
        }
        std::erase(result, '[');
        std::erase(result, ']');
        return result;
    }

    Arrival arrival(Plot& plot, const std::string& text) {
        const std::string packet = resolved(plot, text);
        plot.seen += "i " + packet + "\n";
        const Packet p = parse_packet(packet);
        return {&topology_.towards(p.saddr), arriving(p, topology_), p.mark};
    }

    void exchange(const std::vector<Arrival>& arrivals) {
        if (arrivals.empty())
            return;
        const std::vector<Seen> seen = bench_.exchange(arrivals);
        for (const Link& link : topology_.links)
            note(link, seen);
    }

    void note(const Link& link, const std::vector<Seen>& seen) {
        for (const Seen& s : seen) {
            if (s.on->name != link.name)
                continue;
            const u32 number = plot_of(s.frame).value_or(plots);
            std::string hex;
            for (const u8 byte : s.frame)
                fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
            say(number, fmt::format("o {} {}", s.on->name, hex));
            if (s.on->name == "inside" && by_plot_.contains(number))
                follow(by_plot_[number], s.frame);
        }
    }

    /// A packet of a flow went to a server.
    static void follow(Plot& plot, const Frame& frame) {
        const u8* ip = frame.data() + 14;
        const bool v6 = ip[0] >> 4 == 6;
        const u8* l4 = ip + (v6 ? 40 : (ip[0] & 15) * 4);
        const u8 protocol = ip[v6 ? 6 : 9];
        if (protocol != 6 && protocol != 17)
            return;
        const Family family = v6 ? Family::v6 : Family::v4;
        const auto at = [&](std::size_t offset) {
            return v6 ? net::load<Address>(ip + offset) : address_v4(net::load<Be32>(ip + offset));
        };
        const std::string from = endpoint(family, at(v6 ? 8 : 12), net::load<Be16>(l4));
        for (auto& [n, flow] : plot.flows)
            if (flow.protocol == protocol && flow.client == from)
                flow.server = endpoint(family, at(v6 ? 24 : 16), net::load<Be16>(l4 + 2));
    }

    void look(bool at_connections) {
        if (at_connections)
            look_at_connections(); // first: their seconds run
        for (const ServiceView& s : must(bench_.services(false)))
            for (const ServerView& d : s.servers)
                say(plot_of_service(s.spec.name),
                    fmt::format("d {} > {} weight {} active {} inactive {}", service_text(s.spec.name),
                                endpoint(d.spec.family, d.spec.addr, d.spec.port), d.spec.weight, d.active,
                                d.inactive));
    }

    void look_at_connections() {
        for (const ConnectionView& c : must(bench_.connections()))
            say(plot_of(Host{c.family, c.client}).value_or(plots),
                fmt::format("c {} {} {} {} {} {}", protocol_name(c.protocol), endpoint(c.family, c.client, c.cport),
                            endpoint(c.family, c.vip, c.vport), endpoint(c.family, c.dest, c.dport),
                            state_name(c.state), c.seconds));
    }

    void say(u32 plot, const std::string& line) {
        const auto it = by_plot_.find(plot);
        (it == by_plot_.end() ? strays_ : it->second.seen) += line + "\n";
    }

    void write(const std::string& when) {
        for (auto& [number, plot] : by_plot_) {
            fmt::print(out_, "= {} {}\n{}", number, when, plot.seen);
            plot.seen.clear();
        }
        strays_.clear();
    }

    Bench& bench_;
    const Plan& plan_;
    const Clock* clock_;
    std::ostream& out_;
    Topology topology_;
    std::map<u32, Plot> by_plot_;
    std::string strays_; ///< of no plot: the anchor's
    double now_ = 0;
    std::size_t marks_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace

Clock read_clock(std::istream& transcript) {
    Clock clock;
    for (std::string line; std::getline(transcript, line);)
        if (line.starts_with("@ "))
            clock.push_back(std::stod(line.substr(2)));
    return clock;
}

void play(Bench& bench, const Plan& plan, const Clock* clock, std::ostream& transcript) {
    Playing(bench, plan, clock, transcript).all();
}

} // namespace bpvs::differ
