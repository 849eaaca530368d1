// Tables: the native counterpart of the BPF maps, with their semantics: fixed sizes, insertion that
// fails when a map is full or (NOEXIST) when the key is there, and a clock that only moves when told.
// One CPU: per-CPU maps have one copy.
#pragma once

#include "core/model/config.hh"
#include "core/model/conn.hh"
#include "core/model/reasons.hh"
#include "core/model/service.hh"
#include "core/model/timeouts.hh"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <new>
#include <optional>
#include <random>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace bpvs::sim {

enum class Update { ok, exists, full };

/// A BPF hash map: bounded, keys compared byte by byte, values at stable addresses until erased.
template <class Key, class Value>
class HashMap {
    static_assert(std::has_unique_object_representations_v<Key>, "padding in a key breaks lookups");

public:
    explicit HashMap(std::size_t capacity) : capacity_(capacity) {}

    Value* lookup(const Key& key) {
        auto it = elements_.find(key);
        return it == elements_.end() ? nullptr : &it->second;
    }

    /// BPF_NOEXIST
    Update insert(const Key& key, const Value& value) {
        if (elements_.contains(key))
            return Update::exists;
        if (elements_.size() >= capacity_)
            return Update::full;
        elements_.emplace(key, value);
        return Update::ok;
    }

    /// BPF_ANY
    Update update(const Key& key, const Value& value) {
        if (Value* old = lookup(key)) {
            *old = value;
            return Update::ok;
        }
        return insert(key, value);
    }

    /// False: there was no such key.
    bool erase(const Key& key) { return elements_.erase(key) != 0; }

    std::size_t size() const { return elements_.size(); }
    std::size_t capacity() const { return capacity_; }
    auto begin() const { return elements_.begin(); }
    auto end() const { return elements_.end(); }

private:
    struct Bytes {
        static std::string_view of(const Key& k) { return {reinterpret_cast<const char*>(&k), sizeof k}; }
        std::size_t operator()(const Key& k) const { return std::hash<std::string_view>{}(of(k)); }
        bool operator()(const Key& a, const Key& b) const { return of(a) == of(b); }
    };

    std::size_t capacity_;
    std::unordered_map<Key, Value, Bytes, Bytes> elements_;
};

/// A BPF map of longest prefix match. A key begins with the number of bits that follow and count, in the order of
/// the wire; a lookup finds the element with the most bits, all of which its own key has.
template <class Key, class Value>
class PrefixMap {
public:
    explicit PrefixMap(std::size_t capacity) : elements_(capacity) {}

    Value* lookup(const Key& key) {
        for (u32 bits = key.bits;; --bits) {
            if (Value* value = elements_.lookup(cut(key, bits)))
                return value;
            if (bits == 0)
                return nullptr;
        }
    }

    Update update(const Key& key, const Value& value) { return elements_.update(cut(key, key.bits), value); }
    bool erase(const Key& key) { return elements_.erase(cut(key, key.bits)); }
    std::size_t size() const { return elements_.size(); }
    auto begin() const { return elements_.begin(); }
    auto end() const { return elements_.end(); }

private:
    static Key cut(Key key, u32 bits) {
        key.bits = bits;
        auto* data = reinterpret_cast<u8*>(&key) + sizeof key.bits;
        for (u32 at = 0; at < sizeof key - sizeof key.bits; ++at) {
            const u32 kept = std::min(bits > at * 8 ? bits - at * 8 : 0, 8u);
            data[at] = static_cast<u8>(data[at] & (0xff00u >> kept));
        }
        return key;
    }

    HashMap<Key, Value> elements_;
};

/// A BPF queue: first in, first out, bounded.
template <class Value>
class Queue {
public:
    explicit Queue(std::size_t capacity) : capacity_(capacity) {}

    /// False: full.
    bool push(const Value& value) {
        if (values_.size() >= capacity_)
            return false;
        values_.push_back(value);
        return true;
    }

    std::optional<Value> pop() {
        if (values_.empty())
            return std::nullopt;
        Value value = values_.front();
        values_.pop_front();
        return value;
    }

    std::size_t size() const { return values_.size(); }

private:
    std::size_t capacity_;
    std::deque<Value> values_;
};

/// Large tables of which a test touches little: zeros, as in a BPF map, that the kernel hands out page by page.
template <class T>
struct ZeroedPages {
    static_assert(std::is_trivially_destructible_v<T>);
    using value_type = T;
    ZeroedPages() = default;
    template <class U>
    explicit ZeroedPages(const ZeroedPages<U>&) {}
    T* allocate(std::size_t n) {
        if (void* zeros = std::calloc(n, sizeof(T)))
            return static_cast<T*>(zeros);
        throw std::bad_alloc();
    }
    void deallocate(T* p, std::size_t) { std::free(p); }
    void construct(T*) {} // all members are zero
    bool operator==(const ZeroedPages&) const = default;
};
template <class T>
using LargeTable = std::vector<T, ZeroedPages<T>>;

struct Sizes {
    u32 connections = 1024;
    u32 max_dests = 256;
    u32 max_services = 64;
    u32 max_words = 16384;
    u32 hz = 250;
};

struct Tables {
    explicit Tables(const Sizes& sizes = {})
        : conns(sizes.connections), dests(sizes.max_dests), changes(load_groups(sizes.max_dests)),
          cursors(sizes.max_services), words(sizes.max_words), counters(sizes.max_dests + sizes.max_services),
          zeros(counters.size()), rates(counters.size()), services(sizes.max_services), servers(sizes.max_dests),
          flows(flow_buckets(sizes.connections)), more_flows(bpvs::more_flows(sizes.connections)),
          free_conns(sizes.connections) {
        config.layout = layout_version;
        config.hz = sizes.hz;
        config.connections = sizes.connections;
        config.max_dests = sizes.max_dests;
        config.max_services = sizes.max_services;
        config.max_words = sizes.max_words;
        config.buckets = flow_buckets(sizes.connections);
        std::generate(std::begin(config.flow_keys), std::end(config.flow_keys), std::mt19937{2});
        default_values(config);
    }

    /// Tuples that lead somewhere.
    std::size_t tuples() const {
        std::size_t n = more_flows.size();
        for (const FlowBucket& b : flows)
            n += static_cast<std::size_t>(
                std::count_if(std::begin(b.entries), std::end(b.entries), [](u64 e) { return e != 0; }));
        return n;
    }

    Config config{};
    Table table{};
    std::mt19937 random{1};  ///< the same numbers in every run
    u64 jiffies = 1'000'000; ///< the clock: advance it by hand

    LargeTable<Conn> conns;
    LargeTable<Dest> dests;
    LargeTable<LoadChanges> changes; ///< by group of destination ids
    LargeTable<Way> ways = LargeTable<Way>(bpvs::ways);
    LargeTable<Cursor> cursors; ///< by service id
    LargeTable<u32> words;
    LargeTable<Counters> counters; ///< by destination id, then max_dests + service id
    LargeTable<Counters> zeros;    ///< as `counters`
    LargeTable<Rates> rates;       ///< as `counters`
    std::array<u64, static_cast<std::size_t>(Reason::count)> reasons{};

    HashMap<ServiceKey, Service> services;
    HashMap<ServerKey, u32> servers;
    LargeTable<FlowBucket> flows;
    HashMap<Flow, FlowTarget> more_flows;
    LargeTable<MarkRule> mark_rules = LargeTable<MarkRule>(std::size_t{2} * max_mark_rules);
    LargeTable<MarkPorts> mark_ports = LargeTable<MarkPorts>(std::size_t{2} * max_mark_ports);
    PrefixMap<MarkPrefix, MarkRange> mark_prefixes{max_mark_prefixes};
    HashMap<LocalityKey, Locality> localities{1024};
    Queue<u32> free_conns; ///< slots given back; a slot never used is taken from Table::high_water
};

} // namespace bpvs::sim
