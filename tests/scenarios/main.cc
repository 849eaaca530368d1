// bpvs_scenarios: plays scenario files on the native core and on the loaded BPF program, or on the real IPVS.
#include "tests/scenarios/lib/bpf_bench.hh"
#include "tests/scenarios/lib/ipvs_bench.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"
#include "tests/scenarios/pool.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>

namespace {

using namespace bpvs::scenario;

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

Report play_on(Bench& bench, const std::string& text) {
    try {
        return report(Player(bench).play(text));
    } catch (const Unavailable& why) {
        return std::string("s") + why.what();
    }
}

/// A scenario that fails in real time is played again when the machine had other things to do meanwhile: what expires
/// while nobody runs is nobody's fault.
Report play_in_time(BpfBench& bench, const std::string& text) {
    constexpr int attempts = 10;
    constexpr double late = 0.2; // seconds: scenarios leave more between what they wait and what expires
    for (int attempt = 1;; attempt++) {
        const Report result = play_on(bench, text);
        if (result[0] != 'f' || attempt == attempts || bench.time_lost() < late)
            return result;
    }
}

Report play_at(Hook hook, BpfBench& bench, const std::string& text) {
    bench.play_at(hook);
    const Report result = play_in_time(bench, text);
    return hook == Hook::xdp ? with_finished(result, bench.finished_at_xdp()) : result;
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

struct Scenario {
    std::filesystem::path path;
    std::string text;

    /// Seconds, on purpose.
    double waits() const {
        double sum = 0;
        std::istringstream lines(text);
        for (std::string word, line; std::getline(lines, line);)
            if (std::istringstream words(line); words >> word && word == "wait") {
                double seconds = 0;
                words >> seconds;
                sum += seconds;
            }
        return sum;
    }
};

constexpr std::array<std::string_view, 4> our_worlds{"native", "front", "bpf", "xdp"};

/// One scenario in one world.
struct Case {
    const Scenario* scenario;
    std::string_view world;
    std::optional<Report> report{};
};

/// Prints reports in the order of the cases, each as soon as those before it are there.
struct Tally {
    std::vector<Case>& cases;
    std::size_t printed = 0;
    int passed = 0, failed = 0, skipped = 0;

    void add(std::size_t index, const Report& result) {
        cases[index].report = result;
        for (; printed < cases.size() && cases[printed].report; printed++)
            print(cases[printed]);
        std::fflush(stdout);
    }

private:
    void print(const Case& c) {
        const Report& result = *c.report;
        const std::string name = fmt::format("{} [{}]", c.scenario->path.stem().string(), c.world);
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
    }
};

Report play(const Case& c, BpfBench* bench) {
    const auto& [path, text] = *c.scenario;
    if (c.world == "native")
        return play_native(text);
    if (c.world == "front")
        return if_finished(play_front(text), path);
    if (c.world == "bpf")
        return play_at(Hook::tc, *bench, text);
    return if_finished(play_at(Hook::xdp, *bench, text), path);
}

/// What plays on the real IPVS, in a namespace of its own.
Report play_on_ipvs(const Scenario& scenario) {
    const auto differences = read_list(scenario.path.parent_path() / "different-from-ipvs.txt");
    const auto listed = differences.find(scenario.path.stem());
    Report result;
    try {
        IpvsBench bench;
        result = play_on(bench, scenario.text);
    } catch (const Unavailable& why) {
        result = std::string("s") + why.what();
    }
    return listed == differences.end() ? result : as_listed(result, listed->second);
}

/// A process that plays on the loaded programs: its director stands.
Pool::Play begin_on_programs(const std::vector<Case>& cases) {
    std::shared_ptr<BpfBench> bench;
    std::string missing;
    try {
        bench = std::make_shared<BpfBench>();
    } catch (const Unavailable& why) {
        missing = why.what();
    }
    return
        [&cases, bench, missing](std::size_t index) { return bench ? play(cases[index], bench.get()) : "s" + missing; };
}

/// In an order of chance, so that none relies on what another leaves behind; but those that wait come first: others
/// are played meanwhile.
std::vector<std::size_t> shuffled(const std::vector<Case>& cases, std::vector<std::size_t> order, unsigned seed) {
    std::mt19937 random(seed);
    std::ranges::shuffle(order, random);
    std::ranges::sort(order, std::greater(), [&](std::size_t i) { return cases[i].scenario->waits(); });
    return order;
}

/// Most of the time they wait, so there may be more processes than CPUs; but the kernel looks at the programs for each.
std::size_t processes_for(std::size_t cases) { return std::clamp<std::size_t>(cases / 16, 1, 5); }

void play_here(std::vector<Case>& cases, Tally& tally, unsigned seed) {
    std::vector<std::size_t> simulated;
    std::vector<std::size_t> loaded;
    for (std::size_t i = 0; i < cases.size(); i++)
        (cases[i].world == "native" || cases[i].world == "front" ? simulated : loaded).push_back(i);
    Pool pool(processes_for(loaded.size()), false, [&] { return begin_on_programs(cases); });
    pool.play(
        shuffled(cases, loaded, seed), [&](std::size_t index, const Report& result) { tally.add(index, result); },
        [&] {
            for (const std::size_t i : simulated)
                tally.add(i, play(cases[i], nullptr));
        });
}

void play_in_guest(std::vector<Case>& cases, Tally& tally) {
    std::vector<std::size_t> order(cases.size());
    std::iota(order.begin(), order.end(), 0);
    IpvsBench::load_programs();
    Pool pool(8, true, [&]() -> Pool::Play { return [&](std::size_t i) { return play_on_ipvs(*cases[i].scenario); }; });
    pool.play(order, [&](std::size_t index, const Report& result) { tally.add(index, result); }, [] {});
}

struct Options {
    std::string world; ///< empty: all of ours
    unsigned seed = std::random_device{}();
    std::vector<Scenario> scenarios{};
};

int usage() {
    fmt::print(stderr, "usage: bpvs_scenarios [--world native|front|bpf|xdp|ipvs] [--seed N] FILE.scn ...\n");
    return 2;
}

/// nullopt: complained.
std::optional<Options> options_of(int argc, char** argv) {
    Options options;
    int at = 1;
    for (; at + 1 < argc && std::string_view(argv[at]).starts_with("--"); at += 2) {
        const std::string_view option = argv[at];
        const std::string value = argv[at + 1];
        const bool is_world = option == "--world" && (std::ranges::count(our_worlds, value) != 0 || value == "ipvs");
        const bool is_seed =
            option == "--seed" && !value.empty() &&
            std::from_chars(value.data(), value.data() + value.size(), options.seed).ptr == value.data() + value.size();
        if (!is_world && !is_seed)
            return std::nullopt;
        if (is_world)
            options.world = value;
    }
    for (; at < argc; at++) {
        std::stringstream text;
        std::ifstream file(argv[at]);
        if (!(text << file.rdbuf())) {
            fmt::print(stderr, "bpvs_scenarios: cannot read {}, or it is empty\n", argv[at]);
            return std::nullopt;
        }
        options.scenarios.push_back({argv[at], text.str()});
    }
    return options.scenarios.empty() ? std::nullopt : std::optional(options);
}

} // namespace

int main(int argc, char** argv) {
    const auto options = options_of(argc, argv);
    if (!options)
        return usage();
    std::vector<Case> cases;
    for (const Scenario& scenario : options->scenarios) {
        if (options->world == "ipvs")
            cases.push_back({&scenario, "ipvs"});
        for (const std::string_view world : our_worlds)
            if (options->world.empty() || options->world == world)
                cases.push_back({&scenario, world});
    }
    Tally tally{cases};
    if (options->world == "ipvs") {
        play_in_guest(cases, tally);
    } else {
        fmt::print("the order of the cases is that of --seed {}\n", options->seed);
        play_here(cases, tally, options->seed);
    }
    fmt::print("{} passed, {} failed, {} skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed ? 1 : 0;
}
