// Owners of kernel resources.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace bpvs::kernel {

/// Owns a file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0)
            close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Owns a shared read-write mapping of a file.
class Mapping {
public:
    Mapping() = default;
    Mapping(int fd, std::size_t bytes, std::size_t offset = 0) : bytes_(bytes) {
        void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(offset));
        data_ = p == MAP_FAILED ? nullptr : p;
    }
    Mapping(Mapping&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (data_)
            munmap(data_, bytes_);
    }
    void* data() const { return data_; }
    explicit operator bool() const { return data_ != nullptr; }

private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

/// A mapping that is made when it is first used: mapping a large table costs more than most commands.
class LazyMapping {
public:
    LazyMapping() = default;
    LazyMapping(Fd fd, std::size_t bytes) : fd_(std::move(fd)), bytes_(bytes) {}
    /// nullptr: the kernel refused.
    void* data() {
        if (!mapping_)
            mapping_ = Mapping(fd_.get(), bytes_);
        return mapping_.data();
    }
    /// A part; the first few are mapped by themselves. nullptr: the kernel refused.
    void* window(std::size_t offset, std::size_t bytes) {
        constexpr std::size_t page = 4096;
        constexpr std::size_t few = 8;
        if (mapping_ || windows_.size() == few) {
            void* all = data();
            return all ? static_cast<char*>(all) + offset : nullptr;
        }
        const std::size_t begin = offset / page * page;
        windows_.emplace_back(fd_.get(), (offset + bytes - begin + page - 1) / page * page, begin);
        void* part = windows_.back().data();
        return part ? static_cast<char*>(part) + (offset - begin) : nullptr;
    }
    int fd() const { return fd_.get(); }

private:
    Fd fd_;
    std::size_t bytes_ = 0;
    Mapping mapping_;
    std::vector<Mapping> windows_;
};

} // namespace bpvs::kernel
