// bpvs_differ: makes plans of random sequences, and plays plans in one of the worlds.
#include "tests/differ/express.hh"
#include "tests/differ/generator.hh"
#include "tests/differ/play.hh"
#include "tests/scenarios/lib/bpf_bench.hh"
#include "tests/scenarios/lib/ipvs_bench.hh"
#include "tests/scenarios/lib/native_bench.hh"
#include "tests/scenarios/lib/stack.hh"
#include "tests/scenarios/lib/switches.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <span>

namespace {

using namespace bpvs;
using namespace bpvs::differ;

constexpr sim::Sizes roomy{.connections = 1 << 18, .max_dests = 1 << 15, .max_services = 1 << 12, .max_words = 1 << 23};

/// The native core with a fault put in, on which the comparison and its shrinker are tested: what a server sends with
/// FIN leaves with a TTL too low by one.
class FaultyBench : public NativeBench {
public:
    using NativeBench::NativeBench;
    std::vector<Seen> exchange(const std::vector<Arrival>& arrivals) override {
        std::vector<Seen> all = NativeBench::exchange(arrivals);
        for (Seen& s : all) {
            constexpr std::size_t l3 = net::eth::size;
            u8* ip = s.frame.data() + l3;
            const bool is_tcp = s.frame.size() >= l3 + 40 && ip[0] == 0x45 && ip[9] == 6;
            if (is_tcp && is_vip(ip + 12) && (ip[33] & net::tcp::fin))
                ip[8]--;
        }
        return all;
    }

private:
    static bool is_vip(const u8* addr) { return addr[0] == 10 && addr[1] >> 4 == 2; }
};

std::unique_ptr<Bench> bench_of(const std::string& world) {
    if (world == "native")
        return std::make_unique<NativeBench>(roomy);
    if (world == "faulty")
        return std::make_unique<FaultyBench>(roomy);
    if (world == "bpf")
        return std::make_unique<BpfBench>(bpvs::UpOptions{.connections = 1 << 18});
    if (world == "ipvs")
        return std::make_unique<IpvsBench>();
    throw Wrong("the worlds are native, bpf, ipvs and faulty");
}

void play_file(const std::string& world, const std::string& path, const std::string& out, const char* clock_from) {
    std::ifstream plan(path);
    if (!plan)
        throw Wrong("cannot read " + path);
    std::ofstream transcript(out);
    std::optional<Clock> clock;
    if (clock_from) {
        std::ifstream file(clock_from);
        clock = read_clock(file);
    }
    const auto bench = bench_of(world);
    play(*bench, read_plan(plan), clock ? &*clock : nullptr, transcript);
    if (!(transcript << std::flush))
        throw Wrong("cannot write " + out);
}

/// What cannot be played leaves no transcript.
bool play_or_complain(const std::string& world, const std::string& plan, const std::string& out,
                      const char* clock_from) {
    try {
        play_file(world, plan, out, clock_from);
        return true;
    } catch (const std::exception& why) {
        fmt::print(stderr, "bpvs_differ: {}: {}\n", plan, why.what());
        std::remove(out.c_str());
        return false;
    }
}

/// Each plan is played on the real IPVS, all at once, and then on `core` after its clock. The transcripts are PLAN.ipvs
/// and PLAN.native.
int play_together(const std::string& core, std::span<char*> plans) {
    IpvsBench::load_programs();
    std::vector<pid_t> children;
    for (const char* plan : plans) {
        const pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(play_or_complain("ipvs", plan, std::string(plan) + ".ipvs", nullptr) ? 0 : 1);
        }
        children.push_back(child);
    }
    bool all = true;
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        all &= status == 0;
    }
    for (const std::string plan : plans)
        if (all)
            play_or_complain(core, plan, plan + ".native", (plan + ".ipvs").c_str());
    return all ? 0 : 1;
}

/// Standard input: after `i PACKET`, lines `o LINK HEX`. Standard output: what a scenario says there.
void express() {
    const Topology topology;
    Frame sent;
    const Link* on = nullptr;
    for (std::string line; std::getline(std::cin, line);) {
        if (line.starts_with("i ")) {
            const Packet p = parse_packet(line.substr(2));
            on = &topology.towards(p.saddr);
            sent = arriving(p, topology);
            continue;
        }
        const Frame frame = frame_of_hex(line.substr(line.rfind(' ') + 1));
        const std::vector<Seen> untouched = answer_of_stack(topology, *on, sent);
        const bool passed = untouched.size() == 1 && untouched.front().frame == frame;
        const auto text = expression(frame, topology);
        fmt::print("{}\n", passed ? "pass untouched" : text ? "out " + *text : "# out " + describe(frame));
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 1 ? argv[1] : "";
    try {
        if (command == "generate" && argc == 5)
            generate(argv[2], std::stoull(argv[3]), static_cast<u32>(std::stoul(argv[4])), std::cout);
        else if (command == "generate" && argc == 3 && std::string(argv[2]) == "twos")
            measure_twos(std::cout);
        else if (command == "play" && (argc == 5 || argc == 6)) {
            if (std::string(argv[2]) == "ipvs")
                IpvsBench::load_programs();
            play_file(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : nullptr);
        } else if (command == "together" && argc > 3)
            return play_together(argv[2], {argv + 3, argv + argc});
        else if (command == "express")
            express();
        else if (command == "switches")
            for (const Switch& s : switches)
                fmt::print("{}={}\n", s.name, s.value);
        else
            throw Wrong("usage: bpvs_differ generate events|choices SEED COUNT | generate twos | play WORLD PLAN "
                        "TRANSCRIPT [CLOCK] | "
                        "together CORE PLAN... | express | switches");
    } catch (const Unavailable& why) {
        fmt::print(stderr, "bpvs_differ: {}\n", why.what());
        return 77;
    } catch (const std::exception& why) {
        fmt::print(stderr, "bpvs_differ: {}\n", why.what());
        return 1;
    }
    return 0;
}
