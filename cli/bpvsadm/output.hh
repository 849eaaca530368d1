// One buffer in front of a stream, so that a listing of a million lines is a few hundred writes.
#pragma once

#include <cstdio>
#include <fmt/format.h>

namespace bpvs::cli {

using Buffer = fmt::memory_buffer;

inline auto to(Buffer& buffer) { return fmt::appender(buffer); }

class Output {
public:
    explicit Output(std::FILE* file) : file_(file) {}
    ~Output() { finish(); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    Buffer& buffer() { return buffer_; }

    /// To be called now and then. False: the stream takes no more, further work is in vain.
    bool drain() {
        if (buffer_.size() >= chunk)
            finish();
        return good_;
    }

    /// Hands on what there is.
    void finish() {
        good_ = good_ && std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size();
        buffer_.clear();
    }

private:
    static constexpr std::size_t chunk = std::size_t{256} * 1024;

    std::FILE* file_;
    Buffer buffer_;
    bool good_ = true;
};

} // namespace bpvs::cli
