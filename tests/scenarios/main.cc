// bpvs_scenarios: plays scenario files on the native core and on the loaded BPF program.
#include "tests/scenarios/lib/bpf_bench.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/player.hh"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace bpvs::scenario;

/// One letter and a text: o passed, f failed, s skipped.
using Report = std::string;

Report report(const std::optional<Failure>& failure) { return failure ? "f" + to_text(*failure) : "o"; }

Report play_native(const std::string& text) {
    NativeBench bench;
    return report(Player(bench).play(text));
}

Report play_here_on_bpf(const std::string& text) {
    try {
        BpfBench bench;
        return report(Player(bench).play(text));
    } catch (const Unavailable& why) {
        return std::string("s") + why.what();
    }
}

/// A process of its own: it changes its network namespace.
Report play_bpf(const std::string& text) {
    int ends[2];
    if (pipe(ends) != 0)
        return "fno pipe";
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0)
        return "fno process";
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        const Report result = play_here_on_bpf(text);
        const bool written = write(ends[1], result.data(), result.size()) == static_cast<ssize_t>(result.size());
        _exit(written ? 0 : 1);
    }
    close(ends[1]);
    Report result;
    char buffer[4096];
    for (ssize_t n = read(ends[0], buffer, sizeof buffer); n > 0; n = read(ends[0], buffer, sizeof buffer))
        result.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (result.empty() || status != 0)
        return fmt::format("fthe process that played it ended with status {:#x}", status);
    return result;
}

struct Tally {
    int passed = 0, failed = 0, skipped = 0;

    void add(const std::string& scenario, const std::string& world, const Report& result) {
        const std::string name = fmt::format("{} [{}]", scenario, world);
        if (result[0] == 'o') {
            passed++;
            fmt::print("ok   {}\n", name);
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

int usage() {
    fmt::print(stderr, "usage: bpvs_scenarios [--world native|bpf] FILE.scn ...\n");
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
    if (at >= argc || (!world.empty() && world != "native" && world != "bpf"))
        return usage();
    Tally tally;
    for (; at < argc; at++) {
        const std::filesystem::path path = argv[at];
        std::stringstream text;
        std::ifstream file(path);
        if (!(text << file.rdbuf())) {
            fmt::print(stderr, "bpvs_scenarios: cannot read {}, or it is empty\n", argv[at]);
            return 2;
        }
        if (world != "bpf")
            tally.add(path.stem(), "native", play_native(text.str()));
        if (world != "native")
            tally.add(path.stem(), "bpf", play_bpf(text.str()));
    }
    fmt::print("{} passed, {} failed, {} skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed ? 1 : 0;
}
