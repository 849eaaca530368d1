// Reading the tables, also while packets count and, without the lock, while another command changes them.
#include "control/director_parts.hh"
#include "control/views.hh"

#include <algorithm>
#include <cstring>

namespace bpvs {
namespace {

struct Listed {
    ServiceKey key;
    Service service;
    std::vector<SetEntry> entries;
};

using Elements = std::vector<std::pair<ServiceKey, Service>>;

bool same(const Elements& a, const Elements& b) {
    static_assert(std::has_unique_object_representations_v<Service>);
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        return std::memcmp(&x.first, &y.first, sizeof x.first) == 0 &&
               std::memcmp(&x.second, &y.second, sizeof x.second) == 0;
    });
}

Result<std::vector<Listed>> read_blocks(Store& store, const Elements& elements) {
    const u32 generation = store.config().in_force.generation;
    std::vector<Listed> result;
    for (const auto& [key, service] : elements) {
        if (key.generation != generation)
            continue;
        auto entries = read_entries(store, service);
        if (!entries)
            return std::unexpected(entries.error());
        result.push_back({key, service, std::move(*entries)});
    }
    return result;
}

/// A block may have been overwritten while it was read only if its service was replaced meanwhile.
Result<std::vector<Listed>> read_services(Store& store) {
    for (int attempt = 0; attempt < 20; ++attempt) {
        const auto before = store.services();
        if (!before)
            return std::unexpected(before.error());
        const u32 generation = store.config().in_force.generation;
        auto blocks = read_blocks(store, *before);
        const auto after = store.services();
        if (!after)
            return std::unexpected(after.error());
        if (same(*before, *after) && store.config().in_force.generation == generation)
            return blocks;
    }
    return fail(Errc::system, "The services are being changed all the time; try again.");
}

Counters minus(const Counters& a, const Counters& b) {
    return {.conns = a.conns - b.conns,
            .in_packets = a.in_packets - b.in_packets,
            .out_packets = a.out_packets - b.out_packets,
            .in_bytes = a.in_bytes - b.in_bytes,
            .out_bytes = a.out_bytes - b.out_bytes};
}

/// IPVS's rounding of its scaled averages.
RateView rounded(const Rates& r) {
    const auto per_second = [](u64 scaled) { return (scaled + 0x1ff) >> 10; };
    const auto bytes = [](u64 scaled) { return (scaled + 0xf) >> 5; };
    return {.cps = per_second(r.cps),
            .in_pps = per_second(r.in_pps),
            .out_pps = per_second(r.out_pps),
            .in_bps = bytes(r.in_bps),
            .out_bps = bytes(r.out_bps)};
}

/// Counters of a range of ids, read at once.
class CounterRange {
public:
    static Result<CounterRange> read(Store& store, u32 first, u32 count) {
        auto values = store.counters(first, count);
        if (!values)
            return std::unexpected(values.error());
        return CounterRange{first, std::move(*values)};
    }
    const Counters& at(u32 index) const { return values_.at(index - first_); }

private:
    CounterRange(u32 first, std::vector<Counters> values) : first_(first), values_(std::move(values)) {}
    u32 first_;
    std::vector<Counters> values_;
};

/// The counters of these services' servers.
Result<CounterRange> server_counters(Store& store, std::span<const Listed> services) {
    u32 low = no_id;
    u32 end = 0;
    for (const Listed& s : services)
        for (const SetEntry& e : s.entries) {
            low = std::min(low, e.dest);
            end = std::max(end, e.dest + 1);
        }
    return CounterRange::read(store, std::min(low, end), end - std::min(low, end));
}

Result<CounterRange> service_counters(Store& store, std::span<const Listed> services) {
    u32 low = no_id;
    u32 end = 0;
    for (const Listed& s : services) {
        low = std::min(low, counter_of_service(store, s.service.id));
        end = std::max(end, counter_of_service(store, s.service.id) + 1);
    }
    return CounterRange::read(store, std::min(low, end), end - std::min(low, end));
}

ServerView server_view(Store& store, const SetEntry& e, const Counters& counters) {
    const Dest d = store.dests()[e.dest];
    return {.spec = server_spec(d.addr_family, d.addr, d.port, e),
            .active = d.active,
            .inactive = d.inactive,
            .persistent = d.persistent,
            .counters = minus(counters, store.zeros()[e.dest]),
            .rates = rounded(store.rates()[e.dest])};
}

ServiceView service_view(Store& store, const Listed& s, const CounterRange& of_services,
                         const CounterRange& of_servers) {
    const u32 index = counter_of_service(store, s.service.id);
    ServiceView view{.spec = service_spec(s.key, s.service),
                     .counters = minus(of_services.at(index), store.zeros()[index]),
                     .rates = rounded(store.rates()[index])};
    view.servers.reserve(s.entries.size());
    for (const SetEntry& e : s.entries)
        view.servers.push_back(server_view(store, e, of_servers.at(e.dest)));
    return view;
}

Result<std::vector<ServiceView>> views(Store& store, std::span<const Listed> services) {
    const auto of_servers = server_counters(store, services);
    if (!of_servers)
        return std::unexpected(of_servers.error());
    const auto of_services = service_counters(store, services);
    if (!of_services)
        return std::unexpected(of_services.error());
    std::vector<ServiceView> result;
    result.reserve(services.size());
    for (const Listed& s : services)
        result.push_back(service_view(store, s, *of_services, *of_servers));
    return result;
}

/// All services, or the one that is named.
Result<std::vector<Listed>> select(Store& store, const std::optional<ServiceName>& name) {
    auto all = read_services(store);
    if (!all || !name)
        return all;
    std::erase_if(*all, [&](const Listed& s) {
        const ServiceName n{s.key.family, s.key.protocol, s.key.vip, s.key.vport, s.key.fwmark};
        return !(n == *name);
    });
    if (all->empty())
        return fail(Errc::no_service, fmt::format("There is no service {}.", to_text(*name)));
    return all;
}

} // namespace

Result<std::vector<ServiceView>> Director::list() const {
    auto all = select(store_, std::nullopt);
    if (!all)
        return std::unexpected(all.error());
    return views(store_, *all);
}

Result<ServiceView> Director::find(const ServiceName& service) const {
    auto one = select(store_, service);
    if (!one)
        return std::unexpected(one.error());
    auto view = views(store_, *one);
    if (!view)
        return std::unexpected(view.error());
    return std::move(view->front());
}

void Director::each_connection(const std::function<bool(const ConnectionView&)>& visit) const {
    const auto conns = store_.conns();
    const auto dests = store_.dests();
    const std::size_t used = std::min<std::size_t>(store_.table().high_water, conns.size());
    const u64 now = store_.now();
    const u64 hz = std::max(store_.config().hz, 1u);
    for (const Conn& slot : conns.first(used)) {
        const auto status = [&] { return ConnStatus{.word = __atomic_load_n(&slot.status.word, __ATOMIC_ACQUIRE)}.is; };
        const auto before = status();
        if (before.life != Life::live)
            continue;
        const Conn c = slot;
        if (status().life != Life::live || c.expires <= now)
            continue;
        const bool more = visit({.family = c.family,
                                 .protocol = c.protocol,
                                 .fwmark = c.dest_id < dests.size() ? dests[c.dest_id].fwmark : 0,
                                 .client = c.client,
                                 .vip = c.vip,
                                 .dest = c.dest,
                                 .cport = c.cport,
                                 .vport = c.vport,
                                 .dport = c.dport,
                                 .state = before.state,
                                 .seconds = static_cast<u32>((c.expires - now) / hz)});
        if (!more)
            return;
    }
}

std::vector<ConnectionView> Director::connections() const {
    std::vector<ConnectionView> all;
    each_connection([&](const ConnectionView& c) {
        all.push_back(c);
        return true;
    });
    return all;
}

} // namespace bpvs
