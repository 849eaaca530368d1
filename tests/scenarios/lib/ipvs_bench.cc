#include "tests/scenarios/lib/ipvs_bench.hh"

#include "tests/scenarios/lib/ipvs_tables.hh"
#include "tests/scenarios/lib/programs.hh"
#include "tests/scenarios/lib/stack.hh"
#include "tests/scenarios/lib/surroundings.hh"
#include "tests/scenarios/lib/switches.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace bpvs::scenario {

namespace {

constexpr double counters_lag = 2.1; ///< IPVS's estimator refreshes what is shown every two seconds
constexpr double a_tick = 0.02;
constexpr int most_readings = 8;
const std::string settings_directory = "/proc/sys/net/ipv4/vs/";

/// What IPVS has no word for.
void must_be_known(const Words& words) {
    for (const std::string& word : words)
        if (word == "--drain" || word == "--idle-reset")
            throw Unavailable("IPVS has no " + word);
}

/// Role names become addresses.
Words plain(const Words& words) {
    Words all = words;
    for (std::size_t i = 1; i < all.size(); i++) {
        const std::string& option = words[i - 1];
        const bool is_endpoint = option == "-t" || option == "-u" || option == "--sctp-service" || option == "-r";
        const std::size_t bracket = all[i].starts_with('[') ? all[i].find(']') : std::string::npos;
        const std::size_t end = std::min(all[i].find(':', bracket == std::string::npos ? 0 : bracket), all[i].size());
        if (!is_endpoint)
            continue;
        const std::string host = bracket == std::string::npos ? all[i].substr(0, end) : all[i].substr(1, bracket - 1);
        const std::string text = address_text(parse_address(host));
        const bool brackets = text.find(':') != std::string::npos && end != all[i].size();
        all[i] = (brackets ? "[" + text + "]" : text) + all[i].substr(end);
    }
    return all;
}

Ran ipvsadm(Words words, const std::string& input = "") {
    words.insert(words.begin(), "ipvsadm");
    return run_program(words, input);
}

Result<void> outcome(const Ran& ran) {
    if (ran.status == 0 && ran.output.empty())
        return {};
    return std::unexpected(Error{Errc::system, fmt::format("exit {}: {}", ran.status, ran.output)});
}

} // namespace

void IpvsBench::load_programs() {
    load_once("ip");
    load_once("ipvsadm");
}

IpvsBench::IpvsBench() {
    if (!std::ifstream("/proc/net/ip_vs"))
        throw Unavailable("this kernel has no IPVS: start it with tests/oracle/lvs-oracle");
    enter_new_namespace();
    // This kernel may crash when a namespace in which IPVS worked goes away; a mounted one stays.
    const std::string stays = fmt::format("/run/netns/bench-{}", getpid());
    write_file(stays, "");
    if (mount("/proc/self/ns/net", stays.c_str(), nullptr, MS_BIND, nullptr) != 0)
        throw Unavailable(fmt::format("cannot keep the network namespace: {}", std::strerror(errno)));
}

void IpvsBench::set_up(const Topology& topology) {
    topology_ = topology;
    write_file("/proc/sys/net/ipv4/icmp_ratelimit", "0");
    write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0");
    write_file("/proc/sys/net/ipv4/icmp_msgs_per_sec", "1000000");
    write_file("/proc/sys/net/ipv4/icmp_msgs_burst", "1000000");
    for (const char* which : {"all", "default"})
        write_file(fmt::format("/proc/sys/net/ipv4/conf/{}/rp_filter", which), "0");
    if (!topology_.unresolved.empty())
        throw Unavailable("what the kernel's neighbour code is given cannot be seen from outside");
    build_surroundings(topology_);
    wires_.emplace(topology_);
    wires_->exchange({});
}

Answer IpvsBench::arrive(const Link& on, const Frame& frame, u32 mark) {
    return {.fate = Fate::watched, .frame = frame, .mark = mark, .seen = exchange({{&on, frame, mark}})};
}

Answer IpvsBench::send_locally(const Link&, const Frame&) {
    throw Unavailable("what the host's own stack sends cannot be made up here");
}

void IpvsBench::wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

Result<void> IpvsBench::command(const Words& words) {
    must_be_known(words);
    return outcome(ipvsadm(plain(words)));
}

std::vector<std::string> IpvsBench::commands(const std::vector<Words>& lines) {
    std::string input;
    for (const Words& line : lines)
        input += fmt::format("{}\n", fmt::join(plain(line), " "));
    if (const auto done = outcome(ipvsadm({"-R"}, input)); !done)
        return {done.error().message};
    return {};
}

Result<void> IpvsBench::mark(const Words& words) {
    if (std::ranges::find(words, "sctp") != words.end())
        throw Unavailable("this kernel's iptables does not know SCTP's ports");
    Words line{"iptables-legacy", "-t", "mangle"};
    const std::string command = words.empty() ? "" : words[0];
    line.insert(line.end(), {command == "flush" ? "-F" : command == "add" ? "-A" : "-D", "PREROUTING"});
    for (std::size_t i = 1; i < words.size(); i++) {
        const std::string& word = words[i];
        if (words[i - 1] == "-d") {
            const std::size_t slash = std::min(word.find('/'), word.size());
            line.push_back(address_text(parse_address(word.substr(0, slash))) + word.substr(slash));
        } else if (word == "--set-mark") {
            line.insert(line.end(), {"-j", "MARK", word});
        } else {
            line.push_back(word);
        }
    }
    return outcome(run_program(line));
}

Result<void> IpvsBench::set(const std::vector<Assignment>& settings) {
    for (const Assignment& a : settings)
        if (std::ranges::find(switches, a.name, &Switch::name) == std::end(switches))
            write_file(settings_directory + a.name, a.value);
    return {};
}

Result<std::vector<ServiceView>> IpvsBench::services(bool counters) {
    if (counters && !counted_) {
        wait(counters_lag);
        time_lost_ += counters_lag;
        counted_ = true;
    }
    wait(a_tick);
    std::ifstream file("/proc/net/ip_vs");
    std::vector<ServiceView> all = read_ip_vs(file);
    if (counters) {
        std::istringstream stats(ipvsadm({"-Ln", "--stats", "--exact"}).output);
        add_stats(stats, all);
        std::istringstream persistent(ipvsadm({"-Ln", "--persistent-conn"}).output);
        add_persistent(persistent, all);
    }
    return all;
}

/// The file is read in pieces, and when a row goes meanwhile another one is left out: it is read until it has as many
/// rows twice.
Result<std::vector<ConnectionView>> IpvsBench::connections() {
    wait(a_tick); // a connection that was replaced is there until the next
    const auto read = [] {
        std::ifstream file("/proc/net/ip_vs_conn");
        return read_ip_vs_conn(file);
    };
    std::vector<ConnectionView> rows = read();
    for (int i = 0; i < most_readings; i++) {
        std::vector<ConnectionView> again = read();
        const bool as_many = again.size() == rows.size();
        rows = std::move(again);
        if (as_many)
            break;
    }
    return rows;
}

std::vector<Seen> IpvsBench::exchange(const std::vector<Arrival>& arrivals) {
    counted_ = false;
    std::vector<Seen> all = wires_->exchange(arrivals);
    for (Seen& s : all)
        s.frame = without_chance(std::move(s.frame));
    return all;
}

} // namespace bpvs::scenario
