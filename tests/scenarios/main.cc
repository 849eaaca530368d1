// bpvs_scenarios: plays scenario files on the native core and on the loaded BPF program, or on the real IPVS.
#include "tests/scenarios/lib/bpf_bench.hh"
#include "tests/scenarios/lib/ipvs_bench.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace {

using namespace bpvs::scenario;

/// One letter and a text: o passed (perhaps with a remark), f failed, s skipped.
using Report = std::string;

Report report(const std::optional<Failure>& failure) { return failure ? "f" + to_text(*failure) : "o"; }

/// How many frames did not reach tc is part of the report of worlds with another hook in front.
Report with_finished(const Report& result, bpvs::u64 frames) {
    return result == "o" ? fmt::format("o: {} frames finished in front of tc", frames) : result;
}

Report play_native(const std::string& text) {
    NativeBench bench;
    return report(Player(bench).play(text));
}

Report play_front(const std::string& text) {
    NativeBench bench({}, true);
    const Report result = report(Player(bench).play(text));
    return with_finished(result, bench.world().finished_in_front());
}

template <class KernelBench>
Report play_here(const std::string& text) {
    try {
        KernelBench bench;
        Report result = report(Player(bench).play(text));
        if constexpr (requires { bench.finished_at_xdp(); })
            return with_finished(result, bench.finished_at_xdp());
        return result;
    } catch (const Unavailable& why) {
        return std::string("s") + why.what();
    }
}

/// A process of its own plays: it changes its network namespace.
struct Playing {
    pid_t child = -1;
    int end = -1;
};

template <class KernelBench>
Playing start_apart(const std::string& text) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return {};
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const Report result = play_here<KernelBench>(text);
        const bool written = write(ends[1], result.data(), result.size()) == static_cast<ssize_t>(result.size());
        _exit(written ? 0 : 1);
    }
    close(ends[1]);
    return {child, ends[0]};
}

Report finish(const Playing& playing) {
    Report result;
    char buffer[4096];
    for (ssize_t n = read(playing.end, buffer, sizeof buffer); n > 0; n = read(playing.end, buffer, sizeof buffer))
        result.append(buffer, static_cast<std::size_t>(n));
    close(playing.end);
    int status = 0;
    waitpid(playing.child, &status, 0);
    if (result.empty() || status != 0)
        return fmt::format("fthe process that played it ended with status {:#x}", status);
    return result;
}

/// What is listed about scenarios, as lines NAME: TEXT.
std::map<std::string, std::string> read_list(const std::filesystem::path& path) {
    std::map<std::string, std::string> all;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (const std::size_t colon = line.find(": "); !line.starts_with('#') && colon != std::string::npos)
            all.emplace(line.substr(0, colon), line.substr(colon + 2));
    return all;
}

/// The listed number of frames must be finished in front of tc.
Report if_finished(const Report& result, const std::filesystem::path& scenario) {
    static const auto all = read_list(scenario.parent_path() / "finished-in-front.txt");
    const auto listed = all.find(scenario.stem());
    const bool as_listed = listed == all.end() || result[0] != 'o' || result.starts_with("o: " + listed->second + " ");
    return as_listed ? result
                     : fmt::format("fexpected: {} frames finished in front of tc\n      got:      {}", listed->second,
                                   result.substr(3));
}

/// What is listed must differ.
Report as_listed(const Report& result, const std::string& reason) {
    return result[0] == 'f'   ? "o: " + reason
           : result[0] == 's' ? result
                              : "flisted as different, but IPVS does the same";
}

struct Tally {
    int passed = 0, failed = 0, skipped = 0;

    void add(const std::string& scenario, const std::string& world, const Report& result) {
        const std::string name = fmt::format("{} [{}]", scenario, world);
        if (result[0] == 'o') {
            passed++;
            fmt::print("ok   {}{}\n", name, result.substr(1));
        } else if (result[0] == 's') {
            skipped++;
            fmt::print("skip {}: {}\n", name, result.substr(1));
        } else {
            failed++;
            fmt::print("FAIL {}\n      {}\n", name, result.substr(1));
        }
        std::fflush(stdout);
    }
};

struct Scenario {
    std::filesystem::path path;
    std::string text;
};

/// Several at once: mostly they wait.
void play_on_ipvs(const std::vector<Scenario>& all, Tally& tally) {
    constexpr std::size_t at_once = 8;
    std::deque<Playing> playing;
    for (std::size_t next = 0, done = 0; done < all.size(); done++) {
        for (; next < all.size() && playing.size() < at_once; next++)
            playing.push_back(start_apart<IpvsBench>(all[next].text));
        const auto& path = all[done].path;
        const auto differences = read_list(path.parent_path() / "different-from-ipvs.txt");
        const auto listed = differences.find(path.stem());
        const Report result = finish(playing.front());
        playing.pop_front();
        tally.add(path.stem(), "ipvs", listed == differences.end() ? result : as_listed(result, listed->second));
    }
}

int usage() {
    fmt::print(stderr, "usage: bpvs_scenarios [--world native|front|bpf|xdp|ipvs] FILE.scn ...\n");
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    int at = 1;
    std::string world;
    if (at + 1 < argc && std::string(argv[at]) == "--world") {
        world = argv[at + 1];
        at += 2;
    }
    if (at >= argc || (!world.empty() && world != "native" && world != "front" && world != "bpf" && world != "xdp" &&
                       world != "ipvs"))
        return usage();
    Tally tally;
    std::vector<Scenario> scenarios;
    for (; at < argc; at++) {
        std::stringstream text;
        std::ifstream file(argv[at]);
        if (!(text << file.rdbuf())) {
            fmt::print(stderr, "bpvs_scenarios: cannot read {}, or it is empty\n", argv[at]);
            return 2;
        }
        scenarios.push_back({argv[at], text.str()});
    }
    if (world == "ipvs")
        play_on_ipvs(scenarios, tally);
    for (const auto& [path, text] : scenarios) {
        if (world.empty() || world == "native")
            tally.add(path.stem(), "native", play_native(text));
        if (world.empty() || world == "front")
            tally.add(path.stem(), "front", if_finished(play_front(text), path));
        if (world.empty() || world == "bpf")
            tally.add(path.stem(), "bpf", finish(start_apart<BpfBench>(text)));
        if (world.empty() || world == "xdp")
            tally.add(path.stem(), "xdp", if_finished(finish(start_apart<XdpBench>(text)), path));
    }
    fmt::print("{} passed, {} failed, {} skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed ? 1 : 0;
}
