// Owners of kernel resources.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

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
    Mapping(int fd, std::size_t bytes) : bytes_(bytes) {
        void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
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
    std::size_t bytes() const { return bytes_; }

private:
    Fd fd_;
    std::size_t bytes_ = 0;
    Mapping mapping_;
};

} // namespace bpvs::kernel
