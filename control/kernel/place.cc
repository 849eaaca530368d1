#include "control/kernel/place.hh"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>
#include <string_view>
#include <thread>

namespace bpvs::kernel {

namespace {

constexpr const char* run_dir = "/run/bpvs";
constexpr const char* pin_dir = "/run/bpvs/bpf";
constexpr const char* shared_dir = "/sys/fs/bpf";
constexpr long bpffs_magic = 0xcafe4a11;

struct Opened {
    Fd run;
    Fd pins;
    Fd shared;
    std::string error; ///< empty: fine, or nothing there
};

std::string failed(const char* what, const char* path) {
    return fmt::format("cannot {} {}: {}", what, path, std::strerror(errno));
}

bool is_bpffs(const char* path) {
    struct statfs s{};
    return statfs(path, &s) == 0 && s.f_type == bpffs_magic;
}

/// Opens (or makes) the directories in the caller's mount namespace.
Opened open_here(bool create) {
    Opened o;
    if (create && mkdir(run_dir, 0700) != 0 && errno != EEXIST) {
        o.error = failed("create", run_dir);
        return o;
    }
    o.run = Fd(open(run_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    if (!o.run) {
        if (create)
            o.error = failed("open", run_dir);
        return o;
    }
    if (is_bpffs(shared_dir))
        o.shared = Fd(open(shared_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    flock(o.run.get(), LOCK_EX); // two commands must not both mount
    if (!is_bpffs(pin_dir)) {
        if (!create)
            return o;
        if (mkdir(pin_dir, 0700) != 0 && errno != EEXIST)
            o.error = failed("create", pin_dir);
        else if (mount("bpvs", pin_dir, "bpf", 0, "mode=0700") != 0)
            o.error = failed("mount a BPF file system at", pin_dir);
    }
    if (o.error.empty()) {
        o.pins = Fd(open(pin_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC));
        if (!o.pins)
            o.error = failed("open", pin_dir);
    }
    flock(o.run.get(), LOCK_UN);
    return o;
}

/// The host's mount namespace: process 1's; where that may not be looked at, the kernel's own (kthreadd, only
/// visible outside containers). Closed: neither is there, the caller's is the only one we know.
Fd host_mount_namespace() {
    Fd ns(open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (ns)
        return ns;
    std::array<char, 16> name{};
    const Fd comm(open("/proc/2/comm", O_RDONLY | O_CLOEXEC));
    if (!comm || read(comm.get(), name.data(), name.size() - 1) < 0 || std::strcmp(name.data(), "kthreadd\n") != 0)
        return Fd();
    return Fd(open("/proc/2/ns/mnt", O_RDONLY | O_CLOEXEC));
}

/// Opens them in the host's mount namespace. A thread of its own changes namespace, so that the caller's
/// root and working directory stay as they are.
Opened open_at_host(bool create) {
    struct stat own{};
    struct stat host{};
    const Fd ns = host_mount_namespace();
    const bool same = !ns || fstat(ns.get(), &host) != 0 || stat("/proc/self/ns/mnt", &own) != 0 ||
                      (own.st_ino == host.st_ino && own.st_dev == host.st_dev);
    if (same)
        return open_here(create);
    Opened o;
    std::thread([&] {
        if (unshare(CLONE_FS) != 0 || setns(ns.get(), CLONE_NEWNS) != 0)
            o.error = fmt::format("cannot enter the host's mount namespace: {}", std::strerror(errno));
        else
            o = open_here(create);
    }).join();
    return o;
}

/// Of the process: libxdp notes the path when it first needs it.
Fd& shared_file_system() {
    static Fd fd;
    return fd;
}

std::string name_of(u64 cookie) { return fmt::format("{:x}", cookie); }

/// Calls fn(name, is_directory) for each entry.
template <class F>
void for_each_entry(int directory, F fn) {
    const int copy = openat(directory, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    DIR* dir = copy < 0 ? nullptr : fdopendir(copy);
    if (!dir)
        return;
    while (const dirent* e = readdir(dir)) {
        if (std::strcmp(e->d_name, ".") != 0 && std::strcmp(e->d_name, "..") != 0)
            fn(e->d_name);
    }
    closedir(dir);
}

} // namespace

Result<u64> netns_cookie() {
    const Fd s(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    u64 cookie = 0;
    socklen_t size = sizeof cookie;
    if (!s || getsockopt(s.get(), SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &size) != 0)
        return fail(Errc::no_bpf, fmt::format("cannot tell network namespaces apart: {}; Linux 6.1 or newer is needed",
                                              std::strerror(errno)));
    return cookie;
}

Result<Place> Place::open(bool create) {
    Opened o = open_at_host(create);
    if (!o.error.empty()) {
        const bool denied = errno == EPERM || errno == EACCES;
        return fail(denied ? Errc::permission : Errc::system, o.error);
    }
    if (!shared_file_system())
        shared_file_system() = std::move(o.shared);
    Place p;
    p.run_ = std::move(o.run);
    p.pins_ = std::move(o.pins);
    return p;
}

Fd Place::open_lock(u64 cookie) const {
    return Fd(openat(run_.get(), (name_of(cookie) + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/// A lock file may be removed (with its director) while one waits for it: then it guards nothing any more.
Result<Fd> Place::lock(u64 cookie) const {
    for (;;) {
        Fd f = open_lock(cookie);
        struct stat s{};
        if (!f || flock(f.get(), LOCK_EX) != 0 || fstat(f.get(), &s) != 0)
            return fail(Errc::system,
                        fmt::format("cannot lock {}/{}.lock: {}", run_dir, name_of(cookie), std::strerror(errno)));
        if (s.st_nlink != 0)
            return f;
    }
}

std::optional<Fd> Place::try_lock(u64 cookie) const {
    Fd f = open_lock(cookie);
    if (!f || flock(f.get(), LOCK_EX | LOCK_NB) != 0)
        return std::nullopt;
    return f;
}

std::string Place::path(u64 cookie) const { return fmt::format("/proc/self/fd/{}/{}", pins_.get(), name_of(cookie)); }

std::string Place::shown_path(u64 cookie) { return fmt::format("{}/{}", pin_dir, name_of(cookie)); }

std::string Place::shared() {
    const Fd& fd = shared_file_system();
    return fd ? fmt::format("/proc/self/fd/{}", fd.get()) : "";
}

bool Place::has(u64 cookie) const { return exists() && faccessat(pins_.get(), name_of(cookie).c_str(), F_OK, 0) == 0; }

Result<void> Place::make(u64 cookie) const {
    if (mkdirat(pins_.get(), name_of(cookie).c_str(), 0700) != 0 && errno != EEXIST)
        return fail(Errc::system, fmt::format("cannot create {}: {}", shown_path(cookie), std::strerror(errno)));
    return {};
}

void Place::remove(u64 cookie) const {
    const Fd dir(openat(pins_.get(), name_of(cookie).c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    if (!dir)
        return;
    for_each_entry(dir.get(), [&](const char* name) { unlinkat(dir.get(), name, 0); });
    unlinkat(pins_.get(), name_of(cookie).c_str(), AT_REMOVEDIR);
}

void Place::remove_lock(u64 cookie) const { unlinkat(run_.get(), (name_of(cookie) + ".lock").c_str(), 0); }

std::vector<u64> Place::cookies() const {
    std::set<u64> all;
    const auto note = [&](std::string_view name) {
        u64 cookie = 0;
        const auto [end, error] = std::from_chars(name.begin(), name.end(), cookie, 16);
        if (error == std::errc{} && (end == name.end() || std::string_view(end, name.end()) == ".lock"))
            all.insert(cookie);
    };
    if (exists()) {
        for_each_entry(pins_.get(), note);
        for_each_entry(run_.get(), note);
    }
    return {all.begin(), all.end()};
}

} // namespace bpvs::kernel
