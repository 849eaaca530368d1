#include "control/kernel/settle.hh"

#include "control/kernel/fd.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace bpvs::kernel {

namespace {

constexpr std::chrono::milliseconds usual_patience{20}; // about what the grace period would take

bool visit(const std::vector<int>& cpus) {
    for (const int cpu : cpus) {
        cpu_set_t only;
        CPU_ZERO(&only);
        if (cpu >= CPU_SETSIZE)
            return false;
        CPU_SET(cpu, &only);
        if (sched_setaffinity(0, sizeof only, &only) != 0 || sched_getcpu() != cpu)
            return false;
    }
    return !cpus.empty();
}

std::vector<int> cpus_online() {
    std::ifstream file("/sys/devices/system/cpu/online");
    std::string list;
    std::getline(file, list);
    return cpus_in(list).value_or(std::vector<int>{});
}

/// Replacing the inner map of a map in maps makes the kernel wait for running programs; one is made for this.
void wait_for_grace_period() {
    const unsigned key = 0;
    const Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpvs_settle_in", sizeof key, sizeof key, 1, nullptr));
    LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<unsigned>(inner.get()), );
    const Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "bpvs_settle", sizeof key, sizeof key, 1, &options));
    const int fd = inner.get();
    if (!inner || !outer || bpf_map_update_elem(outer.get(), &key, &fd, BPF_ANY) != 0)
        usleep(100000); // no such maps: far longer than any program runs
}

} // namespace

std::optional<std::vector<int>> cpus_in(std::string_view list) {
    std::vector<int> cpus;
    const auto number = [&list]() -> std::optional<int> {
        int n = -1;
        const char* const begin = list.data();
        const auto [end, error] = std::from_chars(begin, begin + list.size(), n);
        if (error != std::errc{} || n < 0)
            return std::nullopt;
        list.remove_prefix(static_cast<std::size_t>(end - begin));
        return n;
    };
    const auto skip = [&list](char c) {
        const bool there = list.starts_with(c);
        list.remove_prefix(there ? 1 : 0);
        return there;
    };
    while (!list.empty()) {
        const auto first = number();
        const auto last = first && skip('-') ? number() : first;
        if (!last || *last < *first || *last - *first > 65535)
            return std::nullopt;
        for (int cpu = *first; cpu <= *last; ++cpu)
            cpus.push_back(cpu);
        const bool more = skip(',');
        if (more == list.empty())
            return std::nullopt;
    }
    return cpus;
}

bool run_on_all(const std::vector<int>& cpus, std::chrono::milliseconds patience) {
    const auto done = std::make_shared<std::promise<bool>>();
    auto result = done->get_future();
    std::thread([done, cpus] { done->set_value(visit(cpus)); }).detach(); // one that a CPU keeps waiting ends with us
    return result.wait_for(patience) == std::future_status::ready && result.get();
}

void wait_for_programs() {
    if (std::filesystem::exists("/sys/kernel/realtime") || !run_on_all(cpus_online(), usual_patience))
        wait_for_grace_period();
}

} // namespace bpvs::kernel
