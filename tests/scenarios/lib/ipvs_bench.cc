#include "tests/scenarios/lib/ipvs_bench.hh"

#include "tests/scenarios/lib/ipvs_tables.hh"
#include "tests/scenarios/lib/stack.hh"
#include "tests/scenarios/lib/surroundings.hh"
#include "tests/scenarios/lib/switches.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
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

struct Ran {
    int status;
    std::string output;
};

/// Words are separated by single spaces. Without a shell: in user-mode Linux each start of a program is dear.
int spawn(std::string command, const std::string& in, const std::string& out) {
    std::vector<char*> words{command.data()};
    for (char& c : command)
        if (c == ' ') {
            c = '\0';
            words.push_back(&c + 1);
        }
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = 0;
    const int error = posix_spawnp(&child, words[0], &files, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0)
        throw Unavailable(fmt::format("cannot run {}: {}", words[0], std::strerror(error)));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/// With this on its standard input. Files live in memory: the guest's root does.
Ran run(const std::string& command, const std::string& input = "") {
    const std::string in = fmt::format("/dev/shm/ipvs-bench-{}.in", getpid());
    const std::string out = fmt::format("/dev/shm/ipvs-bench-{}.out", getpid());
    write_file(in, input + "\n");
    const int status = spawn(command, in, out);
    std::ifstream file(out);
    std::stringstream text;
    text << file.rdbuf();
    unlink(in.c_str());
    unlink(out.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 255, text.str()};
}

/// What IPVS has no word for.
void must_be_known(const Words& words) {
    for (const std::string& word : words)
        if (word == "--drain" || word == "--idle-reset")
            throw Unavailable("IPVS has no " + word);
}

/// Role names become addresses.
std::string plain(const Words& words) {
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
    return fmt::format("{}", fmt::join(all, " "));
}

Result<void> outcome(const Ran& ran) {
    if (ran.status == 0 && ran.output.empty())
        return {};
    return std::unexpected(Error{Errc::system, fmt::format("exit {}: {}", ran.status, ran.output)});
}

} // namespace

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
    return outcome(run("ipvsadm " + plain(words)));
}

std::vector<std::string> IpvsBench::commands(const std::vector<Words>& lines) {
    std::string input;
    for (const Words& line : lines)
        input += plain(line) + "\n";
    if (const auto done = outcome(run("ipvsadm -R", input)); !done)
        return {done.error().message};
    return {};
}

Result<void> IpvsBench::mark(const Words& words) {
    if (std::ranges::find(words, "sctp") != words.end())
        throw Unavailable("this kernel's iptables does not know SCTP's ports");
    std::string line = "iptables-legacy -t mangle";
    const std::string command = words.empty() ? "" : words[0];
    if (command == "flush")
        return outcome(run(line + " -F PREROUTING"));
    line += command == "add" ? " -A PREROUTING" : " -D PREROUTING";
    for (std::size_t i = 1; i < words.size(); i++) {
        const std::string& word = words[i];
        if (words[i - 1] == "-d") {
            const std::size_t slash = std::min(word.find('/'), word.size());
            line += " " + address_text(parse_address(word.substr(0, slash))) + word.substr(slash);
        } else {
            line += word == "--set-mark" ? " -j MARK --set-mark" : " " + word;
        }
    }
    return outcome(run(line));
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
        std::istringstream stats(run("ipvsadm -Ln --stats --exact").output);
        add_stats(stats, all);
        std::istringstream persistent(run("ipvsadm -Ln --persistent-conn").output);
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
