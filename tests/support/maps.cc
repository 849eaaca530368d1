#include "tests/support/maps.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

namespace bpvs::support {

namespace {

using kernel::Fd;
using kernel::Mapping;

constexpr std::size_t page = 4096;

std::unexpected<Error> failed(const char* what, const Map& map) {
    return fail(Errc::system, fmt::format("cannot {} the map {}: {}", what, map.name, std::strerror(errno)));
}

std::unexpected<Error> unknown(const Map& map) {
    return fail(Errc::system, fmt::format("the map {} is of type {}, which tests/support/maps.cc does not know how to "
                                          "clear and to read; teach it",
                                          map.name, map.type));
}

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

bool is_array(const Map& map) { return map.type == BPF_MAP_TYPE_ARRAY || map.type == BPF_MAP_TYPE_PERCPU_ARRAY; }

bool has_keys(const Map& map) {
    return map.type == BPF_MAP_TYPE_HASH || map.type == BPF_MAP_TYPE_LRU_HASH || map.type == BPF_MAP_TYPE_LPM_TRIE;
}

bool is_zero(const char* bytes, std::size_t n) {
    return n == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, n - 1) == 0);
}

Result<Map> map_of(Fd fd) {
    bpf_map_info info{};
    u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
        return fail(Errc::system, fmt::format("cannot ask the kernel about a map: {}", std::strerror(errno)));
    const bool each_cpu = info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
    const auto copies = static_cast<std::size_t>(each_cpu ? libbpf_num_possible_cpus() : 1);
    const std::size_t value =
        info.type == BPF_MAP_TYPE_ARRAY || each_cpu ? round_up(info.value_size, 8) : info.value_size;
    return Map{std::move(fd),  info.name,        info.id,       info.type,
               info.map_flags, info.max_entries, info.key_size, value * copies};
}

/// "bpf-map", "bpf-prog" or what else a descriptor of the kernel's BPF is.
std::string kind_of(const Fd& fd) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd.get()), error);
    return target.substr(std::min(target.find(':'), target.size() - 1) + 1);
}

std::vector<u32> maps_used_by(const Fd& program) {
    bpf_prog_info info{};
    u32 size = sizeof info;
    bpf_obj_get_info_by_fd(program.get(), &info, &size);
    std::vector<u32> ids(info.nr_map_ids);
    bpf_prog_info again{};
    again.nr_map_ids = info.nr_map_ids;
    again.map_ids = reinterpret_cast<u64>(ids.data());
    size = sizeof again;
    bpf_obj_get_info_by_fd(program.get(), &again, &size);
    return ids;
}

/// Calls fn(first index, elements, their number) for an array's elements, part by part; with `write` they are changed
/// in place or, where it says true, put back.
using Part = std::function<bool(u32, char*, u32)>;

Result<void> each_mapped(const Map& map, const Part& fn) {
    const Mapping all(map.fd.get(), round_up(map.entries * map.value, page));
    if (!all)
        return failed("look into", map);
    fn(0, static_cast<char*>(all.data()), map.entries);
    return {};
}

Result<void> each_copied(const Map& map, const Part& fn) {
    const u32 chunk = std::min<u32>(map.entries, 4096);
    std::vector<u32> keys(chunk);
    std::vector<char> values(chunk * map.value);
    u32 last = 0;
    for (u32 done = 0; done < map.entries;) {
        u32 n = std::min(chunk, map.entries - done);
        if (bpf_map_lookup_batch(map.fd.get(), done == 0 ? nullptr : &last, &last, keys.data(), values.data(), &n,
                                 nullptr) != 0 &&
            (errno != ENOENT || n == 0))
            return failed("read", map);
        if (fn(done, values.data(), n) &&
            bpf_map_update_batch(map.fd.get(), keys.data(), values.data(), &n, nullptr) != 0)
            return failed("write", map);
        done += n;
    }
    return {};
}

Result<void> each_part(const Map& map, const Part& fn) {
    return map.flags & BPF_F_MMAPABLE ? each_mapped(map, fn) : each_copied(map, fn);
}

std::vector<std::string> keys_of(const Map& map) {
    std::vector<std::string> keys;
    std::string key(map.key, '\0');
    for (int r = bpf_map_get_next_key(map.fd.get(), nullptr, key.data()); r == 0;
         r = bpf_map_get_next_key(map.fd.get(), keys.back().data(), key.data()))
        keys.push_back(key);
    return keys;
}

/// A page of shared memory that is not written to is not there: only what is used is cleared.
bool clear_part(char* bytes, std::size_t size) {
    bool changed = false;
    for (std::size_t at = 0; at < size; at += page) {
        const std::size_t n = std::min(page, size - at);
        if (!is_zero(bytes + at, n)) {
            std::memset(bytes + at, 0, n);
            changed = true;
        }
    }
    return changed;
}

} // namespace

Result<std::vector<Map>> maps_of(const std::string& directory) {
    std::vector<Map> maps;
    std::vector<Fd> programs;
    std::error_code error;
    for (const auto& pin : std::filesystem::directory_iterator(directory, error)) {
        Fd fd(bpf_obj_get(pin.path().c_str()));
        const std::string kind = kind_of(fd);
        if (kind == "bpf-prog") {
            programs.push_back(std::move(fd));
            continue;
        }
        if (kind != "bpf-map")
            continue;
        auto map = map_of(std::move(fd));
        if (!map)
            return std::unexpected(map.error());
        maps.push_back(std::move(*map));
    }
    for (const Fd& program : programs)
        for (const u32 id : maps_used_by(program)) {
            if (std::ranges::find(maps, id, &Map::id) != maps.end())
                continue;
            auto map = map_of(Fd(bpf_map_get_fd_by_id(id)));
            if (!map)
                return std::unexpected(map.error());
            if ((map->flags & BPF_F_RDONLY_PROG) == 0)
                maps.push_back(std::move(*map));
        }
    if (maps.empty())
        return fail(Errc::system, fmt::format("there are no maps in {}", directory));
    return maps;
}

Result<void> clear(const Map& map) {
    if (is_array(map))
        return each_part(map, [&](u32, char* values, u32 n) { return clear_part(values, n * map.value); });
    if (has_keys(map)) {
        for (const std::string& key : keys_of(map))
            if (bpf_map_delete_elem(map.fd.get(), key.data()) != 0 && errno != ENOENT)
                return failed("empty", map);
        return {};
    }
    if (map.type != BPF_MAP_TYPE_QUEUE)
        return unknown(map);
    std::vector<char> value(map.value);
    while (bpf_map_lookup_and_delete_elem(map.fd.get(), nullptr, value.data()) == 0) {
    }
    return errno == ENOENT ? Result<void>() : failed("empty", map);
}

Result<std::map<std::string, std::string>> elements_of(const Map& map) {
    std::map<std::string, std::string> all;
    if (is_array(map)) {
        auto done = each_part(map, [&](u32 first, char* values, u32 n) {
            for (u32 i = 0; i < n; i++)
                if (const char* value = values + i * map.value; !is_zero(value, map.value))
                    all.emplace(fmt::format("{:08}", first + i), std::string(value, map.value));
            return false;
        });
        return done ? Result<std::map<std::string, std::string>>(std::move(all)) : std::unexpected(done.error());
    }
    std::string value(map.value, '\0');
    if (has_keys(map)) {
        for (const std::string& key : keys_of(map))
            if (bpf_map_lookup_elem(map.fd.get(), key.data(), value.data()) == 0)
                all.emplace(key, value);
        return all;
    }
    if (map.type != BPF_MAP_TYPE_QUEUE)
        return unknown(map);
    if (bpf_map_lookup_elem(map.fd.get(), nullptr, value.data()) == 0)
        all.emplace("next", value);
    return all;
}

} // namespace bpvs::support
