// bpvsadm-table: the whole of bpvsadm (parsing, checks, changes, listings, save, restore) on a director whose
// tables are in a file instead of the kernel, with every feature of IPVS switched on. So all of ipvsadm's
// command line can be compared with the original, without root and in milliseconds. It balances nothing.
//
// BPVSADM_TABLE names the file; it is made when it is not there, and locked while a command runs.
#include "cli/bpvsadm/execute.hh"
#include "control/kernel/routes.hh"
#include "sim/memory_store.hh"

#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bpvs {
namespace {

constexpr sim::Sizes sizes{.connections = 16, .max_dests = 2048, .max_services = 512, .max_words = 65536};

/// The file of the tables, locked while it is open: against everybody, or by a reader against writers only.
/// Its content is the tables' arrays one after the other.
class File {
public:
    File(const char* path, bool alone) : fd_(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (fd_ < 0 || flock(fd_, alone ? LOCK_EX : LOCK_SH) != 0)
            give_up(path);
    }
    ~File() { close(fd_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool empty() const {
        struct stat status{};
        return fstat(fd_, &status) == 0 && status.st_size == 0;
    }
    void rewind() {
        if (lseek(fd_, 0, SEEK_SET) != 0)
            give_up("lseek");
    }
    void read_into(std::span<std::byte> bytes) {
        if (::read(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            give_up("The file of the tables is too short");
    }
    void write_from(std::span<const std::byte> bytes) {
        if (::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            give_up("The file of the tables cannot be written");
    }

private:
    [[noreturn]] static void give_up(const char* what) {
        std::perror(what);
        std::exit(99);
    }
    int fd_;
};

/// Calls visit(span of bytes) for every array of the tables but the services.
template <class Visit>
void each_array(sim::Tables& t, Visit visit) {
    visit(std::as_writable_bytes(std::span(&t.config, 1)));
    visit(std::as_writable_bytes(std::span(&t.table, 1)));
    visit(std::as_writable_bytes(std::span(&t.jiffies, 1)));
    visit(std::as_writable_bytes(std::span(t.dests)));
    visit(std::as_writable_bytes(std::span(t.cursors)));
    visit(std::as_writable_bytes(std::span(t.words)));
    visit(std::as_writable_bytes(std::span(t.counters)));
    visit(std::as_writable_bytes(std::span(t.zeros)));
    visit(std::as_writable_bytes(std::span(t.rates)));
}

void load(File& file, sim::Tables& t) {
    if (file.empty())
        return;
    each_array(t, [&](std::span<std::byte> bytes) { file.read_into(bytes); });
    u64 count = 0;
    file.read_into(std::as_writable_bytes(std::span(&count, 1)));
    for (; count != 0; --count) {
        std::pair<ServiceKey, Service> element;
        file.read_into(std::as_writable_bytes(std::span(&element.first, 1)));
        file.read_into(std::as_writable_bytes(std::span(&element.second, 1)));
        t.services.update(element.first, element.second);
    }
}

void save(File& file, sim::Tables& t) {
    file.rewind();
    each_array(t, [&](std::span<std::byte> bytes) { file.write_from(bytes); });
    const u64 count = t.services.size();
    file.write_from(std::as_bytes(std::span(&count, 1)));
    for (const auto& [key, service] : t.services) {
        file.write_from(std::as_bytes(std::span(&key, 1)));
        file.write_from(std::as_bytes(std::span(&service, 1)));
    }
}

/// As a director is opened: a reader looks at the tables once, a change keeps the lock until it is written back.
class OpenTable final : public OpenDirector {
public:
    OpenTable(const char* path, bool changes) : file_(std::in_place, path, changes) {
        load(*file_, tables_);
        if (!changes)
            file_.reset();
    }
    ~OpenTable() override {
        if (file_)
            save(*file_, tables_);
    }
    bool is_up() const override { return true; }
    Store& store() override { return store_; }
    Director& director() override { return director_; }

private:
    std::optional<File> file_;
    sim::Tables tables_{sizes};
    sim::MemoryStore store_{tables_};
    kernel::Routes routes_;
    Director director_{store_, [this](const Address& a) { return routes_.is_unicast(a); }, CarriedOut::everything()};
};

} // namespace
} // namespace bpvs

int main(int argc, char** argv) {
    using namespace bpvs;
    const char* path = std::getenv("BPVSADM_TABLE");
    if (path == nullptr) {
        std::fputs("bpvsadm-table: BPVSADM_TABLE must name the file of the tables.\n", stderr);
        return 99;
    }
    const cli::Streams streams{stdin, stdout, stderr};
    const int status = cli::run(argc, const_cast<const char**>(argv), streams, [&](Access access) {
        return Result<std::unique_ptr<OpenDirector>>(std::make_unique<OpenTable>(path, access != Access::read));
    });
    return std::fflush(stdout) == 0 ? status : 99;
}
