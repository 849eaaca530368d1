#include "control/kernel/dispatcher.hh"

#include "control/kernel/fd.hh"
#include "control/kernel/release.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <xdp/libxdp.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>

namespace bpvs::kernel {

namespace {

using Program = std::unique_ptr<xdp_program, Release<xdp_program__close>>;

/// Longer than libxdp takes from its first pin to the swap.
constexpr time_t work_takes = 5;

/// What libxdp returned: a program, or an error in its place, for which errno is set.
Program checked(xdp_program* p) {
    if (const long error = libxdp_get_error(p); error != 0) {
        errno = static_cast<int>(-error);
        return nullptr;
    }
    return Program(p);
}

Program part_of_libxdp() { return checked(xdp_program__find_file("xdp-dispatcher.o", "xdp", nullptr)); }

/// Has the kernel put one of libxdp's programs in the place of a function of its dispatcher, nowhere near an
/// interface. libxdp itself would attach a program alone where that is refused.
int try_extension() {
    const Program target = part_of_libxdp();
    const Program extension = part_of_libxdp();
    if (!target || !extension)
        return -errno;
    bpf_object* const o = xdp_program__bpf_obj(extension.get());
    bpf_program* const p = bpf_object__find_program_by_name(o, "xdp_pass");
    bpf_program* const other = bpf_object__find_program_by_name(o, "xdp_dispatcher");
    const bpf_program* const dispatcher =
        bpf_object__find_program_by_name(xdp_program__bpf_obj(target.get()), "xdp_dispatcher");
    if (!p || !other || !dispatcher)
        return -ENOENT;
    bpf_program__set_autoload(other, false);
    if (const int r = bpf_object__load(xdp_program__bpf_obj(target.get())); r != 0)
        return r;
    if (const int r = bpf_program__set_attach_target(p, bpf_program__fd(dispatcher), "compat_test"); r != 0)
        return r;
    bpf_program__set_type(p, BPF_PROG_TYPE_EXT);
    bpf_program__set_expected_attach_type(p, bpf_attach_type{});
    if (const int r = bpf_object__load(o); r != 0)
        return r;
    return Fd(bpf_raw_tracepoint_open(nullptr, bpf_program__fd(p))) ? 0 : -errno;
}

u32 id_of_map(const std::string& pin) {
    const Fd map(bpf_obj_get(pin.c_str()));
    bpf_map_info info{};
    u32 size = sizeof info;
    return map && bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0 ? info.id : 0;
}

std::vector<std::string> pins_in(const std::string& directory) {
    std::vector<std::string> pins;
    std::error_code ignored;
    for (const auto& pin : std::filesystem::directory_iterator(directory, ignored))
        pins.push_back(pin.path());
    return pins;
}

/// Id of the program that is pinned, or linked by what is; 0: none.
u32 program_of(const std::string& pin) {
    const Fd fd(bpf_obj_get(pin.c_str()));
    bpf_prog_info program{};
    bpf_link_info link{};
    u32 size = pin.ends_with("-link") ? sizeof link : sizeof program;
    void* const info = pin.ends_with("-link") ? static_cast<void*>(&link) : &program;
    if (!fd || bpf_obj_get_info_by_fd(fd.get(), info, &size) != 0)
        return 0;
    return pin.ends_with("-link") ? link.prog_id : program.id;
}

std::set<u32> programs_in(const std::string& directory) {
    std::set<u32> programs;
    for (const std::string& pin : pins_in(directory))
        programs.insert(program_of(pin));
    return programs;
}

void remove_pins(const std::string& directory) {
    for (const std::string& pin : pins_in(directory))
        unlink(pin.c_str());
    rmdir(directory.c_str());
}

bool is_recent(const std::string& path) {
    struct stat s{};
    const time_t age = stat(path.c_str(), &s) == 0 ? time(nullptr) - s.st_mtime : work_takes;
    return age >= 0 && age < work_takes;
}

} // namespace

u32 standing_program(u32 ifindex) {
    LIBBPF_OPTS(bpf_xdp_query_opts, query);
    return bpf_xdp_query(static_cast<int>(ifindex), 0, &query) == 0 ? query.prog_id : 0;
}

Dispatchers::Dispatchers(std::string shared, const std::string& directory)
    : shared_(std::move(shared)), tables_(id_of_map(directory + "/config")) {
    if (shared_.empty())
        return;
    setenv("LIBXDP_BPFFS", shared_.c_str(), 1);
    libxdp_set_print([](libxdp_print_level, const char*, va_list) { return 0; });
    libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
}

std::string Dispatchers::why_not() const {
    if (shared_.empty())
        return "there is no BPF file system at /sys/fs/bpf, where libxdp's dispatcher needs one";
    const int r = try_extension();
    if (r == -ENOENT)
        return "the package libxdp1 with libxdp's dispatcher is not whole";
    return r == 0 ? ""
                  : fmt::format("this kernel refuses programs that extend others, as libxdp's dispatcher needs: {}",
                                std::strerror(-r));
}

std::string Dispatchers::path(u32 ifindex) const {
    return fmt::format("{}/xdp/dispatch-{}-{}", shared_, ifindex, standing_program(ifindex));
}

bool Dispatchers::is_ours(u32 program) const {
    const Fd fd(bpf_prog_get_fd_by_id(program));
    std::array<u32, 64> maps{};
    bpf_prog_info info{};
    info.nr_map_ids = maps.size();
    info.map_ids = reinterpret_cast<std::uintptr_t>(maps.data());
    u32 size = sizeof info;
    return tables_ != 0 && fd && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 &&
           std::ranges::find(maps, tables_) != maps.end();
}

std::vector<u32> Dispatchers::ours_in(const std::string& path) const {
    std::vector<u32> ours;
    std::ranges::copy_if(programs_in(path), std::back_inserter(ours), [this](u32 p) { return is_ours(p); });
    return ours;
}

std::vector<Dispatchers::Pins> Dispatchers::all() const {
    std::vector<Pins> found;
    std::error_code ignored;
    if (shared_.empty())
        return found;
    for (const auto& directory : std::filesystem::directory_iterator(shared_ + "/xdp", ignored)) {
        Pins d{.ifindex = 0, .dispatcher = 0, .path = directory.path()};
        if (std::sscanf(directory.path().filename().c_str(), "dispatch-%u-%u", &d.ifindex, &d.dispatcher) == 2)
            found.push_back(std::move(d));
    }
    return found;
}

bool Dispatchers::holds(u32 ifindex) const { return !shared_.empty() && !ours_in(path(ifindex)).empty(); }

std::size_t Dispatchers::others(u32 ifindex) const {
    return programs_in(path(ifindex)).size() - ours_in(path(ifindex)).size();
}

std::vector<u32> Dispatchers::interfaces() const {
    std::vector<u32> indexes;
    for (const Pins& d : all())
        if (d.dispatcher == standing_program(d.ifindex) && !ours_in(d.path).empty())
            indexes.push_back(d.ifindex);
    return indexes;
}

int Dispatchers::add(u32 ifindex, bpf_object* object) const {
    const Program p = checked(xdp_program__from_bpf_obj(object, "xdp.frags"));
    if (!p)
        return errno;
    xdp_program__set_xdp_frags_support(p.get(), true); // the section's name tells libbpf only
    const int error = xdp_program__attach(p.get(), static_cast<int>(ifindex), XDP_MODE_NATIVE, 0);
    if (error != 0 || holds(ifindex))
        return -error;
    // Alone, since a variable of libxdp's environment says so, or its check finds more than ours.
    xdp_program__detach(p.get(), static_cast<int>(ifindex), XDP_MODE_NATIVE, 0);
    return EOPNOTSUPP;
}

void Dispatchers::take_away(u32 ifindex, const std::vector<u32>& programs) const {
    std::vector<Program> owned;
    std::vector<xdp_program*> list;
    for (const u32 program : programs) {
        const Fd fd(bpf_prog_get_fd_by_id(program));
        if (Program p = checked(xdp_program__from_fd(fd.get())); p) {
            list.push_back(p.get());
            owned.push_back(std::move(p));
        }
    }
    if (!list.empty())
        xdp_program__detach_multi(list.data(), list.size(), static_cast<int>(ifindex), XDP_MODE_NATIVE, 0);
}

int Dispatchers::replace(u32 ifindex, bpf_object* object) const {
    const std::vector<u32> before = ours_in(path(ifindex));
    const int error = add(ifindex, object);
    if (error == 0)
        take_away(ifindex, before);
    return error;
}

void Dispatchers::remove(u32 ifindex) const {
    if (!holds(ifindex))
        return;
    take_away(ifindex, ours_in(path(ifindex)));
    // Without its pins a program is no longer called, whatever kept libxdp from building a dispatcher without it.
    for (const std::string& pin : pins_in(path(ifindex)))
        if (is_ours(program_of(pin)))
            unlink(pin.c_str());
}

/// Of a dispatcher that stood here, or should have: it calls a program of ours, or one that stands here now.
bool Dispatchers::is_left(const Pins& d) const {
    if (d.dispatcher == standing_program(d.ifindex))
        return false;
    const std::set<u32> here = programs_in(path(d.ifindex));
    const std::set<u32> there = programs_in(d.path);
    return there.empty() ||
           std::ranges::any_of(there, [&](u32 p) { return p != 0 && (here.contains(p) || is_ours(p)); });
}

bool Dispatchers::clean() const {
    bool done = true;
    if (tables_ == 0 || shared_.empty())
        return done;
    const Fd lock(open((shared_ + "/xdp").c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)); // libxdp's own
    if (!lock || flock(lock.get(), LOCK_EX) != 0)
        return done;
    for (const Pins& d : all()) {
        if (!is_left(d))
            continue;
        if (is_recent(d.path))
            done = false;
        else
            remove_pins(d.path);
    }
    return done;
}

void Dispatchers::forget() const {
    for (const Pins& d : all())
        if (!ours_in(d.path).empty())
            remove_pins(d.path);
}

} // namespace bpvs::kernel
