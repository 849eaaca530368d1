// SimTables and SimEnv: the native world of the packet path. What bpf/tables.hh and bpf/env_tc.hh do over
// maps and a socket buffer is done here over tables in memory and a vector of bytes.
#pragma once

#include "core/net/checksum.hh"
#include "core/net/crc32c.hh"
#include "core/net/headers.hh"
#include "core/pipeline/env.hh"
#include "core/pipeline/mark.hh"
#include "core/pipeline/open.hh"
#include "core/pipeline/schedulers/choose.hh"
#include "sim/routes.hh"
#include "sim/tables.hh"

#include <cstring>
#include <vector>

namespace bpvs::sim {

/// An Ethernet frame without its trailing checksum.
using Frame = std::vector<u8>;

/// A frame that was sent beside the one that the verdict is about.
struct Copy {
    u32 ifindex;
    Frame frame;
};

/// The table part of Env.
class SimTables {
public:
    explicit SimTables(Tables& tables) : tables_(&tables) {}

    const Config* config() { return &tables_->config; }
    Table* table() { return &tables_->table; }
    u64 now() { return tables_->jiffies; }
    u32 random() { return static_cast<u32>(tables_->random()); }
    Conn* conn(u32 index) { return element(tables_->conns, index); }
    Dest* dest(u32 index) { return element(tables_->dests, index); }
    Cursor* cursor(u32 index) { return element(tables_->cursors, index); }
    Counters* counters(u32 index) { return element(tables_->counters, index); }
    bool word(u32 index, u32* value) {
        const u32* w = element(tables_->words, index);
        if (w)
            *value = *w;
        return w != nullptr;
    }

    bool pair(u32 index, u64* value) {
        const bool there = u64{index} + 1 < tables_->words.size();
        if (there)
            std::memcpy(value, &tables_->words[index], sizeof *value);
        return there;
    }
    void put_pair(u32 index, u64 value) {
        if (u64{index} + 1 < tables_->words.size())
            std::memcpy(&tables_->words[index], &value, sizeof value);
    }
    Way* way(u32 dest) { return element(tables_->ways, dest % ways); }
    LoadChanges* load_changes(u32 group) { return element(tables_->changes, group); }

    const Service* find_service(const ServiceKey& key) { return tables_->services.lookup(key); }
    bool has_server(const ServerKey& key) { return tables_->servers.lookup(key) != nullptr; }
    const MarkRange* find_mark_prefix(const MarkPrefix& key) { return tables_->mark_prefixes.lookup(key); }
    bool mark_ports(u32 index, MarkPorts* value) {
        const MarkPorts* p = element(tables_->mark_ports, index);
        if (p)
            *value = *p;
        return p != nullptr;
    }
    u32 search_ports(const MarkRange& range, u16 port, u32 mark) { return mark_of_port(*this, range, port, mark); }
    u32 crc32c_change(u32 change, u32 length) { return net::crc32c_change(change, length); }
    FlowBucket* bucket(u32 index) { return element(tables_->flows, index); }
    const FlowTarget* find_more_flow(const Flow& flow) { return tables_->more_flows.lookup(flow); }
    bool erase_more_flow(const Flow& flow) { return tables_->more_flows.erase(flow); }
    int insert_more_flow(const Flow& flow, const FlowTarget& target) {
        switch (tables_->more_flows.insert(flow, target)) {
        case Update::ok:
            return flow_inserted;
        case Update::exists:
            return flow_exists;
        case Update::full:
            break;
        }
        return flow_no_room;
    }
    FlowTarget find_flow(const Flow& flow) { return bpvs::find_flow(*this, tables_->config, flow).target; }
    int insert_flow(FlowTarget target) { return bpvs::insert_flow(*this, tables_->config, target); }
    void erase_flow(FlowTarget target) { bpvs::erase_flow(*this, tables_->config, target); }

    /// A slot that has rested, else one never used yet.
    bool take_conn(u32* index) {
        if (const auto rested = tables_->free_conns.pop()) {
            *index = *rested;
            return true;
        }
        if (tables_->table.high_water >= tables_->config.connections)
            return false;
        *index = tables_->table.high_water++;
        return true;
    }
    void give_conn(u32 index) { tables_->free_conns.push(index); }

    void end(u32 index, Ending why) {
        if (Conn* c = conn(index))
            end_for(*this, tables_->config, index, *c, why);
    }

    const Locality* find_locality(const LocalityKey& key) { return tables_->localities.lookup(key); }
    void put_locality(const LocalityKey& key, const Locality& set) { tables_->localities.update(key, set); }

    Workspace* workspace() { return &workspace_; }
    void change_state(u32 index, u32 row) {
        if (Conn* c = conn(index))
            bpvs::change_state(*this, tables_->config, *c, row);
    }
    Scheduled schedule(const Flow& flow, u32 mark, u32 opening) {
        return bpvs::schedule(*this, tables_->config, flow, mark, opening, workspace_);
    }
    u32 choose(const Service& service, const Flow& flow) {
        return bpvs::choose(*this, tables_->config, service, flow, workspace_);
    }
    u32 hold_template(const Service& service, const Flow& flow) {
        return bpvs::hold_template(*this, tables_->config, service, flow, workspace_);
    }
    u32 prepare_template(const Service& service, const Flow& flow, u32 dest) {
        return bpvs::prepare_template(*this, tables_->config, service, flow, dest, workspace_);
    }
    void look_at_group() { bpvs::look_at_group(*this, workspace_.by, workspace_.groups); }
    template <class Search>
    void walk(u32 count, Search& search) {
        for (u32 i = 0; i < count && step(*this, i, workspace_, search); ++i) {
        }
    }

private:
    /// As an array map: null beyond its end.
    template <class T, class Pages>
    static T* element(std::vector<T, Pages>& all, u32 index) {
        return index < all.size() ? &all[index] : nullptr;
    }

    Tables* tables_;
    Workspace workspace_{};
};
static_assert(bpvs::Tables<SimTables>);

/// Tables and one frame that arrived on an interface.
class SimEnv : public SimTables {
public:
    static constexpr u32 l3 = net::eth::size;

    SimEnv(Tables& tables, Routes& routes, Frame& frame, const Mac& own, u32 ifindex = 0, u32 mark = 0)
        : SimTables(tables), routes_(&routes), frame_(&frame), own_(own), ifindex_(ifindex), mark_(mark) {}

    /// PACKET_HOST and no VLAN tag.
    bool for_us() {
        const u8* header = at(0, net::eth::size);
        return header && std::equal(own_.begin(), own_.end(), header + net::eth::dst) &&
               ether_type() != to_be16(0x8100);
    }
    Family family() {
        if (frame_->size() < net::eth::size)
            return Family::none;
        const Be16 type = ether_type();
        return type == net::eth::type_ipv4 ? Family::v4 : type == net::eth::type_ipv6 ? Family::v6 : Family::none;
    }
    u32 mark() { return mark_; }
    void set_mark(u32 mark) { mark_ = mark; }

    u32 length() { return static_cast<u32>(frame_->size()) - l3; }

    u8* at(u32 offset, u32 length) {
        return u64{offset} + length <= frame_->size() ? frame_->data() + offset : nullptr;
    }

    bool read(u32 offset, u32& word) {
        const u8* p = at(offset, sizeof word);
        if (p)
            word = net::load<u32>(p);
        return p != nullptr;
    }

    u32 segment_length(const net::Packet& p) { return p.length; }

    /// Full checksums, as bpf_l4_csum_replace treats them: a UDP checksum of zero is none and stays none,
    /// one that becomes zero is sent as 0xffff (RFC 768).
    bool replace_l4_sum(u32 offset, Family, IpProto protocol, u32 change, Be16 old_port, Be16 port) {
        return net::replace_whole_sum(*this, offset, protocol, change, old_port, port);
    }

    void may_be_partial() {} // all sums are whole

    const Route* route(const RouteQuery& q) {
        route_ = routes_->lookup(q);
        return &route_;
    }
    bool own_address(const RouteQuery& q, Address& own) {
        const auto found = routes_->own_address({q.family, q.daddr});
        if (found)
            own = found->addr;
        return found.has_value();
    }

    bool trim(u32 length) {
        if (u64{l3} + length > frame_->size())
            return false;
        frame_->resize(l3 + length);
        return true;
    }
    bool make_room(u32 bytes) {
        frame_->insert(frame_->begin() + l3, bytes, u8{0});
        return true;
    }
    bool put(u32 offset, const void* bytes, u32 length) {
        u8* to = at(offset, length);
        if (to)
            std::memcpy(to, bytes, length);
        return to != nullptr;
    }
    bool sum_is_left_to_device(u32) { return false; }
    u32 sum(u32 offset, u32 length) {
        const u8* bytes = at(offset, length);
        if (!bytes || length > longest_sum)
            return no_id;
        u32 sum = 0;
        for (u32 i = 0; i < length; i++)
            sum += u32{bytes[i]} << (i % 2 * 8);
        return net::fold(sum);
    }
    u32 ifindex() { return ifindex_; }
    bool send_copy(u32 ifindex) {
        copies_.push_back({ifindex, *frame_});
        return true;
    }
    std::vector<Copy> take_copies() { return std::move(copies_); }

private:
    Be16 ether_type() const { return net::load<Be16>(frame_->data() + net::eth::type); }

    Routes* routes_;
    Frame* frame_;
    Mac own_;
    u32 ifindex_;
    u32 mark_;
    Route route_{};
    std::vector<Copy> copies_;
};
static_assert(Env<SimEnv> && !FrontEnv<SimEnv>);

/// The same in front of a SimEnv: interfaces lose nothing.
struct SimFrontEnv : SimEnv {
    using SimEnv::SimEnv;
    bool sends_through(u32) { return true; }
};
static_assert(FrontEnv<SimFrontEnv>);

} // namespace bpvs::sim
