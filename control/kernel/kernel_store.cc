#include "control/kernel/kernel_store.hh"

#include "control/kernel/reasons.hh"
#include "control/kernel/settle.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bpvs::kernel {

namespace {

std::unexpected<Error> system_error(const char* what) {
    const bool denied = errno == EPERM || errno == EACCES;
    return fail(denied ? Errc::permission : Errc::system, fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

Result<Fd> open_pin(const std::string& directory, const char* name) {
    Fd fd(bpf_obj_get((directory + "/" + name).c_str()));
    if (!fd)
        return system_error(fmt::format("open the pinned {}", name).c_str());
    return fd;
}

/// Opens an array to be mapped as a whole; one whose values are not of the size we know has another layout.
Result<LazyMapping> open_array(const std::string& directory, const char* name, std::size_t value_size) {
    auto fd = open_pin(directory, name);
    if (!fd)
        return std::unexpected(fd.error());
    bpf_map_info info{};
    u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd->get(), &info, &size) != 0)
        return system_error("ask the kernel about a map");
    if (info.value_size != value_size)
        return fail(
            Errc::incompatible,
            fmt::format("the running director was loaded by another version of bpvs, whose `{}` table has another "
                        "layout; run `bpvs down` and set it up again",
                        name));
    const std::size_t page = 4096;
    const std::size_t bytes =
        (static_cast<std::size_t>(info.max_entries) * ((value_size + 7) / 8 * 8) + page - 1) / page * page;
    return LazyMapping(std::move(*fd), bytes);
}

unsigned cpus() {
    static const int n = libbpf_num_possible_cpus();
    return n < 1 ? 1U : static_cast<unsigned>(n);
}

void add(Counters& sum, const Counters& c) {
    sum.conns += c.conns;
    sum.in_packets += c.in_packets;
    sum.out_packets += c.out_packets;
    sum.in_bytes += c.in_bytes;
    sum.out_bytes += c.out_bytes;
}

/// All keys of a map.
template <class Key>
Result<std::vector<Key>> keys_of(const Fd& map, const char* what) {
    std::vector<Key> keys;
    Key key{};
    for (int r = bpf_map_get_next_key(map.get(), nullptr, &key); r == 0;
         r = bpf_map_get_next_key(map.get(), &key, &key))
        keys.push_back(key);
    if (errno != ENOENT)
        return system_error(fmt::format("read {}", what).c_str());
    return keys;
}

/// Elements are allocated without waiting for memory: it may be refused for a moment.
template <class Put>
bool patiently(Put put) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (put() == 0)
            return true;
        if (errno != ENOMEM)
            break;
        usleep(1000);
    }
    return false;
}

bool put_patiently(const Fd& map, const void* key, const void* value) {
    return patiently([&] { return bpf_map_update_elem(map.get(), key, value, BPF_ANY); });
}

/// Writes the elements `indices` of an array.
template <class Value>
void put_many(int array, std::span<const u32> indices, const std::vector<Value>& values) {
    auto count = static_cast<u32>(indices.size());
    bpf_map_update_batch(array, indices.data(), values.data(), &count, nullptr);
}

} // namespace

Result<std::unique_ptr<KernelStore>> KernelStore::open(const std::string& directory) {
    std::unique_ptr<KernelStore> store(new KernelStore);
    KernelStore& s = *store;
    Error error{};
    const auto map = [&](LazyMapping& to, const char* name, std::size_t size) {
        auto m = open_array(directory, name, size);
        if (!m) {
            error = m.error();
            return false;
        }
        to = std::move(*m);
        return true;
    };
    const auto pin = [&](Fd& to, const char* name) {
        auto fd = open_pin(directory, name);
        if (!fd) {
            error = fd.error();
            return false;
        }
        to = std::move(*fd);
        return true;
    };
    const bool opened = map(s.config_, "config", sizeof(Config)) && map(s.table_, "table", sizeof(Table)) &&
                        map(s.dests_, "dests", sizeof(Dest)) && map(s.cursors_, "cursors", sizeof(Cursor)) &&
                        map(s.words_, "words", sizeof(u64)) && map(s.conns_, "conns", sizeof(Conn)) &&
                        map(s.rates_, "rates", sizeof(Rates)) && map(s.zeros_, "zeros", sizeof(Counters)) &&
                        map(s.mark_rules_, "mark_rules", sizeof(MarkRule)) &&
                        map(s.mark_ports_, "mark_ports", sizeof(MarkPorts)) && pin(s.mark_prefixes_, "mark_prefixes") &&
                        pin(s.services_, "services") && pin(s.servers_, "servers") && pin(s.counters_, "counters") &&
                        pin(s.reasons_, "reasons") && pin(s.clock_, "bpvs_clock");
    if (!opened)
        return std::unexpected(error);
    if (!s.config_.data() || !s.table_.data())
        return system_error("map the tables into memory");
    if (s.config().layout != layout_version)
        return fail(Errc::incompatible,
                    fmt::format("the running director has table layout {}, this bpvs knows layout {}; run "
                                "`bpvs down` and set it up again",
                                s.config().layout, layout_version));
    return store;
}

Result<std::vector<std::pair<ServiceKey, Service>>> KernelStore::services() {
    std::vector<ServiceKey> keys;
    std::vector<Service> values;
    std::vector<std::pair<ServiceKey, Service>> all;
    all.reserve(config().max_services); // memory that is not used costs nothing
    u32 chunk = 1024;
    u32 cursor = 0;
    bool started = false;
    for (;;) {
        keys.resize(chunk);
        values.resize(chunk);
        u32 count = chunk;
        const int r = bpf_map_lookup_batch(services_.get(), started ? &cursor : nullptr, &cursor, keys.data(),
                                           values.data(), &count, nullptr);
        if (r != 0 && errno == ENOSPC) { // one bucket holds more than the chunk
            chunk *= 2;
            continue;
        }
        if (r != 0 && errno != ENOENT)
            return system_error("read the services");
        for (u32 i = 0; i < count; i++)
            all.emplace_back(keys[i], values[i]);
        if (r != 0)
            return all;
        started = true;
    }
}

Result<void> KernelStore::put_service(const ServiceKey& key, const Service& value) {
    if (bpf_map_update_elem(services_.get(), &key, &value, BPF_ANY) == 0)
        return {};
    return service_refused();
}

std::unexpected<Error> KernelStore::service_refused() {
    if (errno == E2BIG || errno == ENOMEM)
        return fail(Errc::no_room,
                    fmt::format("cannot add the service: the table holds {} services", config().max_services));
    return system_error("write a service");
}

Result<void> KernelStore::put_services(std::span<const std::pair<ServiceKey, Service>> all) {
    std::vector<ServiceKey> keys;
    std::vector<Service> values;
    for (const auto& [key, value] : all) {
        keys.push_back(key);
        values.push_back(value);
    }
    auto count = static_cast<u32>(all.size());
    if (count == 0 || bpf_map_update_batch(services_.get(), keys.data(), values.data(), &count, nullptr) == 0)
        return {};
    return service_refused();
}

Result<void> KernelStore::erase_services(std::span<const ServiceKey> keys) {
    for (std::size_t done = 0; done < keys.size();) {
        auto count = static_cast<u32>(keys.size() - done);
        const int r = bpf_map_delete_batch(services_.get(), keys.data() + done, &count, nullptr);
        if (r != 0 && errno != ENOENT)
            return system_error("delete services");
        done += count + (r != 0 ? 1 : 0); // one that is gone already is passed over
    }
    return {};
}

Result<void> KernelStore::erase_service(const ServiceKey& key) {
    if (bpf_map_delete_elem(services_.get(), &key) != 0 && errno != ENOENT)
        return system_error("delete a service");
    return {};
}

Result<std::vector<ServerKey>> KernelStore::servers() { return keys_of<ServerKey>(servers_, "the real servers"); }

Result<void> KernelStore::put_server(const ServerKey& key) {
    const u32 there = 1;
    if (put_patiently(servers_, &key, &there))
        return {};
    return system_error("write a real server");
}

Result<void> KernelStore::put_servers(std::span<const ServerKey> keys) {
    const std::vector<u32> there(keys.size(), 1);
    std::size_t done = 0;
    const auto put = [&] {
        auto count = static_cast<u32>(keys.size() - done);
        const int r = bpf_map_update_batch(servers_.get(), keys.data() + done, there.data() + done, &count, nullptr);
        done += count; // also on an error
        return r;
    };
    if (keys.empty() || patiently(put))
        return {};
    return system_error("write the real servers");
}

Result<void> KernelStore::erase_server(const ServerKey& key) {
    if (bpf_map_delete_elem(servers_.get(), &key) != 0 && errno != ENOENT)
        return system_error("delete a real server");
    return {};
}

Result<std::vector<MarkPrefix>> KernelStore::mark_prefixes() {
    return keys_of<MarkPrefix>(mark_prefixes_, "the prefixes of the rules that mark packets");
}

Result<void> KernelStore::put_mark_prefix(const MarkPrefix& key, const MarkRange& value) {
    if (put_patiently(mark_prefixes_, &key, &value))
        return {};
    return system_error("write a prefix of the rules that mark packets");
}

Result<void> KernelStore::erase_mark_prefix(const MarkPrefix& key) {
    if (bpf_map_delete_elem(mark_prefixes_.get(), &key) != 0 && errno != ENOENT)
        return system_error("delete a prefix of the rules that mark packets");
    return {};
}

Result<std::vector<Counters>> KernelStore::counters(u32 first, u32 count) {
    std::vector<Counters> sums(count);
    constexpr u32 chunk = 512;
    std::vector<u32> keys(chunk);
    std::vector<Counters> values(static_cast<std::size_t>(chunk) * cpus());
    for (u32 done = 0; done < count;) {
        u32 previous = first + done - 1;
        u32 next = 0;
        u32 n = std::min(chunk, count - done);
        const bool from_start = first + done == 0;
        const int r = bpf_map_lookup_batch(counters_.get(), from_start ? nullptr : &previous, &next, keys.data(),
                                           values.data(), &n, nullptr);
        if ((r != 0 && errno != ENOENT) || n == 0)
            return system_error("read the counters");
        for (u32 i = 0; i < n; i++) {
            for (unsigned cpu = 0; cpu < cpus(); cpu++)
                add(sums[done + i], values[static_cast<std::size_t>(i) * cpus() + cpu]);
        }
        done += n;
    }
    return sums;
}

Result<std::vector<u64>> KernelStore::reasons() {
    auto sums = read_reasons(reasons_.get(), 0);
    const auto at_xdp = read_reasons(reasons_.get(), reasons_at_xdp);
    if (!sums || !at_xdp)
        return system_error("read the packet reasons");
    for (std::size_t i = 0; i < sums->size(); i++)
        if (static_cast<Reason>(i) != Reason::left_to_tc)
            (*sums)[i] += (*at_xdp)[i];
    return *sums;
}

u64 KernelStore::now() {
    std::array<char, 64> frame{};
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data(), .data_size_in = static_cast<u32>(frame.size()), );
    bpf_prog_test_run_opts(clock_.get(), &run);
    return table().now;
}

std::span<u32> KernelStore::words(u32 offset, u32 count) {
    if (u64{offset} + count > config().max_words || count == 0)
        return {};
    void* data = words_.window(u64{offset} * sizeof(u32), u64{count} * sizeof(u32));
    if (!data)
        throw std::bad_alloc();
    return {static_cast<u32*>(data), count};
}

void KernelStore::put_rates(u32 index, const Rates& value) {
    bpf_map_update_elem(rates_.fd(), &index, &value, BPF_ANY);
}

void KernelStore::put_zero(u32 index, const Counters& value) {
    bpf_map_update_elem(zeros_.fd(), &index, &value, BPF_ANY);
}

void KernelStore::zero(std::span<const u32> indices, std::span<const Counters> current) {
    if (indices.empty())
        return;
    std::vector<Rates> rates;
    rates.reserve(current.size());
    for (const Counters& c : current)
        rates.push_back(Rates{.last = c});
    put_many(zeros_.fd(), indices, std::vector<Counters>(current.begin(), current.end()));
    put_many(rates_.fd(), indices, rates);
}

void KernelStore::settle() { wait_for_programs(); }

} // namespace bpvs::kernel
