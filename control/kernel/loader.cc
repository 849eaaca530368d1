#include "control/kernel/loader.hh"

#include "control/kernel/kernel_store.hh"
#include "core/model/timeouts.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>

// The BPF objects, embedded by the build (control/kernel/object.S).
extern "C" const char bpvs_object_begin[];
extern "C" const char bpvs_object_end[];
extern "C" const char bpvs_xdp_object_begin[];
extern "C" const char bpvs_xdp_object_end[];

namespace bpvs::kernel {

namespace {

constexpr std::array program_names = {"bpvs_ingress", "bpvs_egress", "bpvs_arm", "bpvs_clock"};
constexpr const char* witness = "witness";

struct DestroyLink {
    void operator()(bpf_link* l) const { bpf_link__destroy(l); }
};

/// Runs the steps one after the other until one fails.
template <class... Steps>
Result<void> in_order(Steps... steps) {
    Result<void> done;
    (void)((done = steps(), done.has_value()) && ...);
    return done;
}

std::unexpected<Error> kernel_refused(const std::string& what, int error) {
    if (error == EPERM || error == EACCES)
        return fail(Errc::no_bpf,
                    fmt::format("cannot {}: the kernel forbids it ({}), as lockdown and seccomp filters do; "
                                "allow bpf() where this runs",
                                what, std::strerror(error)));
    return fail(Errc::no_bpf,
                fmt::format("cannot {}: {}; Linux 6.1 or newer with BPF and its type information is needed", what,
                            std::strerror(error)));
}

Result<Object> open_object(const char* begin, const char* end) {
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bpvs", );
    Object o(bpf_object__open_mem(begin, static_cast<std::size_t>(end - begin), &options));
    if (!o)
        return kernel_refused("read the BPF object in this binary", errno);
    return o;
}

Result<Object> open_object() { return open_object(bpvs_object_begin, bpvs_object_end); }

std::string pin_of(const std::string& directory, const char* name) { return directory + "/" + name; }

template <class F>
Result<void> for_each_map(bpf_object* o, F fn) {
    bpf_map* m = nullptr;
    bpf_object__for_each_map(m, o) {
        if (bpf_map__is_internal(m))
            continue;
        if (const int r = fn(m); r != 0)
            return kernel_refused(fmt::format("set up the table `{}`", bpf_map__name(m)), -r);
    }
    return {};
}

/// A server's entry and its share of a scheduler's table, twice: what is replaced stays until no packet reads it.
constexpr u32 words_per_server = 2 * (set_entry_words + 3);

u32 words_of(const Sizes& room) { return (room.servers + room.services) * words_per_server; }

/// The elements of `services` are there twice while all of them are replaced.
void set_sizes(bpf_object* o, const Sizes& room) {
    const u32 ids = room.servers + room.services;
    const std::array<std::pair<const char*, u32>, 13> sizes = {{{"services", 2 * room.services},
                                                                {"servers", room.servers},
                                                                {"dests", room.servers},
                                                                {"load_changes", load_groups(room.servers)},
                                                                {"cursors", room.services},
                                                                {"words", words_of(room) / 2},
                                                                {"conns", room.connections},
                                                                {"flows", flow_buckets(room.connections)},
                                                                {"more_flows", more_flows(room.connections)},
                                                                {"free_conns", room.connections},
                                                                {"counters", ids},
                                                                {"rates", ids},
                                                                {"zeros", ids}}};
    for (const auto& [name, entries] : sizes)
        bpf_map__set_max_entries(bpf_object__find_map_by_name(o, name), entries);
}

int program_fd(bpf_object* o, const char* name) { return bpf_program__fd(bpf_object__find_program_by_name(o, name)); }

Fd copy_of(bpf_object* o, const char* name) { return Fd(fcntl(program_fd(o, name), F_DUPFD_CLOEXEC, 0)); }

Programs programs_of(bpf_object* o) { return {copy_of(o, "bpvs_ingress"), copy_of(o, "bpvs_egress")}; }

Result<void> load_programs(bpf_object* o) {
    if (const int r = bpf_object__load(o); r != 0)
        return kernel_refused("load the BPF programs", -r);
    return {};
}

/// A timer's memory can be refused for a moment; a table without its timers would never age.
Result<void> arm(bpf_object* o) {
    std::array<char, 64> frame{};
    for (int attempt = 0; attempt < 400; attempt++) {
        LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data(), .data_size_in = static_cast<u32>(frame.size()), );
        if (bpf_prog_test_run_opts(program_fd(o, "bpvs_arm"), &run) != 0)
            return kernel_refused("start the timers", errno);
        if (run.retval == 0)
            return {};
        usleep(5000);
    }
    return fail(Errc::system, "cannot start the timers: the kernel gave no memory for them for two seconds; try again");
}

Result<void> pin_program(bpf_object* o, const std::string& directory, const char* name) {
    const std::string path = pin_of(directory, name);
    unlink(path.c_str());
    if (bpf_obj_pin(program_fd(o, name), path.c_str()) != 0)
        return kernel_refused(fmt::format("pin {}", name), errno);
    return {};
}

Result<void> pin_programs(bpf_object* o, const std::string& directory) {
    for (const char* name : program_names)
        if (auto done = pin_program(o, directory, name); !done)
            return done;
    return {};
}

/// The map that is pinned there, or one as the object wants it.
Fd pinned_or_new(const bpf_map* m, const std::string& path) {
    Fd map(bpf_obj_get(path.c_str()));
    if (map || errno != ENOENT)
        return map;
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = bpf_map__map_flags(m), );
    map = Fd(bpf_map_create(bpf_map__type(m), bpf_map__name(m), bpf_map__key_size(m), bpf_map__value_size(m),
                            bpf_map__max_entries(m), &options));
    return map && bpf_obj_pin(map.get(), path.c_str()) == 0 ? std::move(map) : Fd();
}

/// Ties the director to the current network namespace: this link dies with it.
Result<void> pin_witness(bpf_object* o, const std::string& directory) {
    const Fd ns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const std::unique_ptr<bpf_link, DestroyLink> link(
        bpf_program__attach_netns(bpf_object__find_program_by_name(o, "bpvs_witness"), ns.get()));
    if (!link || bpf_link__pin(link.get(), pin_of(directory, witness).c_str()) != 0)
        return kernel_refused("watch over the network namespace", errno);
    return {};
}

/// Jiffies per second: the coarse clock's resolution is one.
u32 jiffies_per_second() {
    timespec t{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_nsec > 0 ? static_cast<u32>(1'000'000'000 / t.tv_nsec) : 250;
}

Result<void> initialise(const std::string& directory, const Sizes& room) {
    const Fd fd(bpf_obj_get(pin_of(directory, "config").c_str()));
    Config c{};
    c.version = object_version();
    c.build = object_build();
    c.hz = jiffies_per_second();
    c.connections = room.connections;
    c.max_dests = room.servers;
    c.max_services = room.services;
    c.max_words = words_of(room);
    c.buckets = flow_buckets(room.connections);
    std::generate(std::begin(c.flow_keys), std::end(c.flow_keys), std::random_device{});
    default_values(c);
    const u32 key = 0;
    if (bpf_map_update_elem(fd.get(), &key, &c, BPF_ANY) != 0)
        return kernel_refused("write the configuration", errno);
    return {};
}

} // namespace

void CloseObject::operator()(bpf_object* o) const { bpf_object__close(o); }

u32 object_version() { return BPVS_VERSION_MAJOR << 16 | BPVS_VERSION_MINOR << 8 | BPVS_VERSION_PATCH; }

u64 object_build() {
    u64 hash = 0xcbf29ce484222325; // FNV-1a
    const auto add = [&hash](const char* begin, const char* end) {
        for (const char* p = begin; p != end; p++)
            hash = (hash ^ static_cast<u8>(*p)) * 0x100000001b3;
    };
    add(bpvs_object_begin, bpvs_object_end);
    add(bpvs_xdp_object_begin, bpvs_xdp_object_end);
    return hash;
}

Sizes default_sizes() {
    struct sysinfo info{};
    sysinfo(&info);
    const u64 memory = static_cast<u64>(info.totalram) * info.mem_unit;
    const auto cpus = static_cast<u64>(std::max(libbpf_num_possible_cpus(), 1));
    const u64 a_server = sizeof(Dest) + words_per_server * sizeof(u32) + sizeof(Rates) + (1 + cpus) * sizeof(Counters);
    const auto servers = std::bit_floor(std::clamp<u64>(memory / 64 / a_server, 8192, 1U << 18));
    return {.connections = static_cast<u32>(std::bit_floor(std::clamp<u64>(memory / 65536, 16384, 4U << 20))),
            .services = static_cast<u32>(servers / 8),
            .servers = static_cast<u32>(servers)};
}

Result<Programs> load(const std::string& directory, const Sizes& room) {
    libbpf_set_print(nullptr);
    auto object = open_object();
    if (!object)
        return std::unexpected(object.error());
    bpf_object* o = object->get();
    set_sizes(o, room);
    const auto pin = [&](bpf_map* m) { return bpf_map__pin(m, pin_of(directory, bpf_map__name(m)).c_str()); };
    auto done = in_order([&] { return load_programs(o); }, [&] { return for_each_map(o, pin); },
                         [&] { return initialise(directory, room); }, [&] { return pin_programs(o, directory); },
                         [&] { return pin_witness(o, directory); }, [&] { return arm(o); });
    if (!done)
        return std::unexpected(done.error());
    return programs_of(o);
}

Result<void> upgrade(const std::string& directory, const std::function<Result<void>(const Programs&)>& attach) {
    libbpf_set_print(nullptr);
    auto object = open_object();
    if (!object)
        return std::unexpected(object.error());
    bpf_object* o = object->get();
    const auto reuse = [&](bpf_map* m) {
        const Fd fd(bpf_obj_get(pin_of(directory, bpf_map__name(m)).c_str()));
        return fd ? bpf_map__reuse_fd(m, fd.get()) : -errno;
    };
    return in_order([&] { return for_each_map(o, reuse); }, [&] { return load_programs(o); },
                    [&] { return attach(programs_of(o)); }, [&] { return arm(o); },
                    [&] { return pin_programs(o, directory); });
}

Result<Object> open_xdp(const std::string& directory) {
    libbpf_set_print(nullptr);
    auto object = open_object(bpvs_xdp_object_begin, bpvs_xdp_object_end);
    if (!object)
        return object;
    auto done = for_each_map(object->get(), [&](bpf_map* m) {
        const Fd map = pinned_or_new(m, pin_of(directory, bpf_map__name(m)));
        return map ? bpf_map__reuse_fd(m, map.get()) : -errno;
    });
    if (!done)
        return std::unexpected(done.error());
    if (bpf_map* m = bpf_object__find_map_by_name(object->get(), ".data.config")) { // bpf/env_xdp.hh
        const Fd map(bpf_obj_get(pin_of(directory, "config").c_str()));
        if (!map || bpf_map__reuse_fd(m, map.get()) != 0)
            return kernel_refused("open the pinned settings", errno);
    }
    return object;
}

Result<Fd> load_xdp(const std::string& directory) {
    auto object = open_xdp(directory);
    if (!object)
        return std::unexpected(object.error());
    bpf_object* o = object->get();
    auto done = in_order([&] { return load_programs(o); }, [&] { return pin_program(o, directory, "bpvs_xdp"); });
    if (!done)
        return std::unexpected(done.error());
    return copy_of(o, "bpvs_xdp");
}

void finish(Config& config) {
    config.version = object_version();
    config.build = object_build();
    config.layout = layout_version;
}

bool complete(const Config& config) { return config.layout == layout_version; }

Result<Programs> pinned_programs(const std::string& directory) {
    Programs p{Fd(bpf_obj_get(pin_of(directory, "bpvs_ingress").c_str())),
               Fd(bpf_obj_get(pin_of(directory, "bpvs_egress").c_str()))};
    if (!p.ingress || !p.egress)
        return kernel_refused("open the pinned programs", errno);
    return p;
}

bool namespace_alive(const std::string& directory) {
    const Fd link(bpf_obj_get(pin_of(directory, witness).c_str()));
    if (!link)
        return errno != ENOENT; // not allowed to look: then it is not ours to judge
    bpf_link_info info{};
    u32 size = sizeof info;
    return bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0 || info.netns.netns_ino != 0;
}

} // namespace bpvs::kernel
