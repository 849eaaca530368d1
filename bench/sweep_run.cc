// bpvs-sweep-run: how long the ticks of the expiry sweep of this network namespace's director take, and what packets
// see of them. Small programs run before and after each tick (the kernel's fentry and fexit). Meanwhile this CPU hands
// the director packets one by one as fast as it can: what comes between two of them is what a packet would have waited.
#include "bench/sweep.hh"
#include "bench/test_run.hh"
#include "control/open.hh"
#include "core/net/headers.hh"
#include "lab/roles.hh"

#include <CLI/CLI.hpp>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace bpvs;
using namespace bpvs::bench;
using Clock = std::chrono::steady_clock;

struct Arguments {
    std::string object, outside = "out", packet_to = "1.1.1.1:9";
    double seconds = 2;
};

/// The kernel's own type information: where a structure's members are.
class Types {
public:
    Types() : btf_(btf__load_vmlinux_btf()) {
        if (!btf_)
            give_up("this kernel tells nothing of its structures (BTF), so the sweep's timer cannot be found");
    }
    ~Types() { btf__free(btf_); }
    Types(const Types&) = delete;
    Types& operator=(const Types&) = delete;

    bool has(const char* type) const { return btf__find_by_name_kind(btf_, type, BTF_KIND_STRUCT) > 0; }
    u32 size(const char* type) const { return look(type)->size; }
    u32 offset(const char* type, const std::string& member) const {
        const btf_type* t = look(type);
        for (u32 i = 0; i < btf_vlen(t); ++i)
            if (member == btf__name_by_offset(btf_, btf_members(t)[i].name_off))
                return btf_member_bit_offset(t, i) / 8;
        give_up(fmt::format("this kernel's {} has no {}, so the sweep's timer cannot be found", type, member));
    }

private:
    const btf_type* look(const char* type) const {
        const int id = btf__find_by_name_kind(btf_, type, BTF_KIND_STRUCT);
        if (id <= 0)
            give_up(fmt::format("this kernel has no {}, so the sweep's timer cannot be found", type));
        return btf__type_by_id(btf_, static_cast<u32>(id));
    }

    btf* btf_;
};

SweepTimer timer_of_director() {
    const auto status = director_status();
    if (!status)
        give_up(status.error().message);
    const kernel::Fd timers(bpf_obj_get((status->pin_path + "/timers").c_str()));
    bpf_map_info info{};
    u32 size = sizeof info;
    if (!timers || bpf_obj_get_info_by_fd(timers.get(), &info, &size) != 0)
        give_up(fmt::format("cannot look at {}/timers: {}", status->pin_path, std::strerror(errno)));
    const Types types;
    // before Linux 6.9 the pointers are the timer's own
    const bool apart = types.has("bpf_async_cb");
    const char* holder = apart ? "bpf_async_cb" : "bpf_hrtimer";
    const u32 base = apart ? types.offset("bpf_hrtimer", "cb") : 0;
    return {.map_id = info.id,
            .in_bpf_timer = types.offset("bpf_hrtimer", "timer"),
            .map = base + types.offset(holder, "map"),
            .value = base + types.offset(holder, "value"),
            .id = types.offset("bpf_map", "id"),
            .first = types.size("bpf_array")};
}

/// What was seen of ticks, on which CPU.
class Watch {
public:
    explicit Watch(const std::string& file) : object_(open_object(file)) {
        if (bpf_object__load(object_) != 0)
            give_up(fmt::format("cannot watch the kernel's timers: {}", std::strerror(errno)));
        const SweepTimer timer = timer_of_director();
        const u32 zero = 0;
        if (bpf_map_update_elem(map("sweep_timer"), &zero, &timer, BPF_ANY) != 0)
            give_up(fmt::format("cannot say which timer to watch: {}", std::strerror(errno)));
        bpf_program* program = nullptr;
        bpf_object__for_each_program(program, object_) {
            links_.push_back(bpf_program__attach(program));
            if (!links_.back())
                give_up(fmt::format("cannot watch the kernel's timers: {}", std::strerror(errno)));
        }
    }
    ~Watch() {
        for (bpf_link* link : links_)
            bpf_link__destroy(link);
        bpf_object__close(object_);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    std::vector<SweepSeen> seen() const {
        std::vector<SweepSeen> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
        const u32 zero = 0;
        if (bpf_map_lookup_elem(map("sweep_seen"), &zero, cpus.data()) != 0)
            give_up(fmt::format("cannot read how long ticks took: {}", std::strerror(errno)));
        return cpus;
    }

private:
    int map(const char* name) const { return bpf_object__find_map_fd_by_name(object_, name); }

    bpf_object* object_;
    std::vector<bpf_link*> links_;
};

/// How often this thread had to leave the CPU to another one.
long switches() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw + usage.ru_nvcsw;
}

/// Nanoseconds from one packet's end to the next one's, sorted; but for those in which others had the CPU, which is not
/// the sweep's doing.
std::vector<u32> gaps(const Arguments& arguments) {
    const auto to = lab::parse_endpoint(arguments.packet_to);
    if (!to)
        give_up(to.error());
    const Interface outside = interface_named(arguments.outside);
    const kernel::Fd ingress = pinned_program("bpvs_ingress");
    const lab::Endpoint client{to_be32(0x0a000001), to_be16(1024)}; // 10.0.0.1
    const Run packet{make_tcp(outside.mac, client, *to, net::tcp::ack, 64), outside.index};
    std::vector<u32> all;
    all.reserve(static_cast<std::size_t>(arguments.seconds * 2e6));
    const auto end = Clock::now() + std::chrono::duration<double>(arguments.seconds);
    long left = switches();
    for (auto last = Clock::now(); last < end;) {
        test_run(ingress.get(), packet, 1);
        const long left_now = switches();
        const auto now = Clock::now();
        if (left_now == left)
            all.push_back(static_cast<u32>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - last).count()));
        left = left_now;
        last = now;
    }
    if (all.empty())
        give_up("others had this CPU all the time, so nothing was measured; choose another one (taskset)");
    std::ranges::sort(all);
    return all;
}

/// The time that half of the ticks take less than.
u64 usual(const std::vector<SweepSeen>& cpus, u64 ticks) {
    u64 passed = 0;
    for (u32 microseconds = 0; microseconds < sweep_microseconds; ++microseconds) {
        for (const SweepSeen& cpu : cpus)
            passed += cpu.took[microseconds];
        if (2 * passed >= ticks)
            return (u64{microseconds} + 1) * 1000;
    }
    return 0;
}

void measure(const Arguments& arguments) {
    // As commands do when they bring a director up: the timer starts anew on the CPU that asks for it, this one.
    test_run(pinned_program("bpvs_arm").get(), Run{}, 1);
    const Watch watch(arguments.object);
    const std::vector<u32> between = gaps(arguments);
    const auto here = static_cast<std::size_t>(sched_getcpu());
    const std::vector<SweepSeen> cpus = watch.seen();
    u64 ticks = 0;
    u64 longest = 0;
    for (const SweepSeen& cpu : cpus) {
        ticks += cpu.ticks;
        longest = std::max(longest, cpu.longest);
    }
    if (ticks == 0)
        give_up("no tick of the sweep was seen; is the director's timer running?");
    const auto quantile = [&](double share) {
        return between[static_cast<std::size_t>(share * static_cast<double>(between.size() - 1))];
    };
    fmt::print("ticks {}\nticks here {}\nusual tick {}\nlongest tick {}\n", ticks, cpus[here].ticks, usual(cpus, ticks),
               longest);
    fmt::print("packets {}\nusual gap {}\ngap p99.99 {}\nlongest gap {}\n", between.size(), quantile(0.5),
               quantile(0.9999), between.back());
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app(
        "How long the ticks of the expiry sweep of this network namespace's director take, and the gaps between "
        "packets\nmeanwhile, as lines NAME VALUE, in nanoseconds. To be pinned to one CPU (taskset).",
        "bpvs-sweep-run");
    Arguments arguments;
    app.add_option("--object", arguments.object, "sweep.bpf.o")->required();
    app.add_option("--outside", arguments.outside, "the director's interface to the clients")->capture_default_str();
    app.add_option("--packet-to", arguments.packet_to, "ADDRESS:PORT that packets are for")->capture_default_str();
    app.add_option("--seconds", arguments.seconds, "how long")->check(CLI::Range(0.1, 600.0))->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    measure(arguments);
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "bpvs-sweep-run: {}\n", error.what());
    return 1;
}
