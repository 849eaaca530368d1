// FreeSpace: which stretches of the table of words no service uses. First fit.
#pragma once

#include "core/model/types.hh"

#include <map>
#include <optional>
#include <span>
#include <utility>

namespace bpvs {

class FreeSpace {
public:
    explicit FreeSpace(u32 words) {
        if (words > 0)
            free_.emplace(0, words);
    }

    /// The lowest stretch that is long enough; nothing when there is none.
    std::optional<u32> take(u32 words) {
        if (words == 0)
            return 0;
        for (auto [offset, length] : free_)
            if (length >= words) {
                take_at(offset, words);
                return offset;
            }
        return std::nullopt;
    }

    /// Takes a stretch that is known to be used. False: it is not wholly free.
    bool take_at(u32 offset, u32 words) {
        if (words == 0)
            return true;
        auto it = free_.upper_bound(offset);
        if (it == free_.begin())
            return false;
        --it;
        const auto [begin, length] = *it;
        if (u64{begin} + length < u64{offset} + words)
            return false;
        free_.erase(it);
        if (begin < offset)
            free_.emplace(begin, offset - begin);
        if (begin + length > offset + words)
            free_.emplace(offset + words, begin + length - offset - words);
        return true;
    }

    /// take_at() for many, in the order of their offsets, while everything is free.
    bool take_sorted(std::span<const std::pair<u32, u32>> stretches) {
        const u64 end = free_.empty() ? 0 : free_.begin()->second;
        free_.clear();
        u64 begin = 0;
        for (const auto& [offset, words] : stretches) {
            if (words == 0)
                continue;
            if (offset < begin)
                return false;
            if (offset > begin)
                free_.emplace_hint(free_.end(), static_cast<u32>(begin), offset - static_cast<u32>(begin));
            begin = u64{offset} + words;
        }
        if (begin < end)
            free_.emplace_hint(free_.end(), static_cast<u32>(begin), static_cast<u32>(end - begin));
        return begin <= end;
    }

    void give(u32 offset, u32 words) {
        if (words == 0)
            return;
        auto it = free_.emplace(offset, words).first;
        if (auto next = std::next(it); next != free_.end() && offset + words == next->first) {
            it->second += next->second;
            free_.erase(next);
        }
        if (it != free_.begin()) {
            auto before = std::prev(it);
            if (before->first + before->second == it->first) {
                before->second += it->second;
                free_.erase(it);
            }
        }
    }

private:
    std::map<u32, u32> free_; ///< offset → length, never adjacent
};

} // namespace bpvs
