// Plans about everything: few services of any kind, traffic from both sides, changes, errors, time.
#include "tests/differ/generator.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

namespace bpvs::differ {

namespace {

struct Service {
    enum class Kind { tcp, udp, mark } kind = Kind::tcp;
    std::string name; ///< "-t …", "-f N"
    u32 vip = 1, port = 0, mark = 0;
    bool one_packet = false, exists = true;
    std::string options; ///< of -A and -E but for the scheduler
    std::vector<Server> servers;
};

struct Traffic {
    u32 number;
    u8 protocol;
    std::string client, client_address;
    std::string service; ///< ADDRESS:PORT the client sends to
    u32 mark;
    std::size_t of;
    bool begun = false;
};

class Events {
public:
    Events(Random random, u32 plot, const Common& common)
        : random_(random), plot_(plot), common_(common), family_(random_.one_in(4) ? Family::v6 : Family::v4) {}

    void write(std::ostream& out) {
        Steps steps{common_.settings};
        std::string first;
        for (u32 n = random_.between(1, 3); n > 0; n--)
            first += (first.empty() ? "" : " | ") + add_service();
        steps.push_back(first);
        for (u32 round = 2; round < common_.rounds; round++)
            steps.push_back(step(round));
        fmt::print(out, "sequence {}\n", plot_);
        for (const Traffic& t : traffic_)
            fmt::print(out, "flow {} {} {} {}\n", t.number, t.protocol == 6 ? "tcp" : "udp", t.client,
                       endpoint_text(server_address(family_, plot_, 1), 8000));
        for (const std::string& s : steps)
            fmt::print(out, "step {}\n", s);
    }

private:
    std::string step(u32 round) {
        if (const auto wait = common_.waits.find(round); wait != common_.waits.end())
            return fmt::format("wait {}", wait->second);
        const bool removals = !common_.removals_need_time || common_.waits.contains(round + 1);
        const bool counters_rest = common_.waits.contains(round - 1) && common_.waits.at(round - 1) > 2.5;
        switch (random_.weighted(
            {10, 14, 12, 3, 3, 2, removals ? 3u : 0u, 4, removals ? 1u : 0u, counters_rest ? 8u : 0u})) {
        case 0:
            return open();
        case 1:
            return request();
        case 2:
            return reply();
        case 3:
            return error_from_server();
        case 4:
            return error_from_client();
        case 5:
            return other();
        case 6:
            return add_or_remove_server();
        case 7:
            return edit();
        case 8:
            return remove_or_make_service();
        default:
            return zero();
        }
    }

    // -- services ---------------------------------------------------------------------------------

    std::string add_service() {
        Service s;
        const std::size_t i = services_.size();
        s.kind = static_cast<Service::Kind>(random_.weighted({5, 3, 2}));
        s.vip = random_.between(1, 2);
        s.port = 80 + static_cast<u32>(i);
        const bool persistent = random_.one_in(4);
        if (persistent)
            s.options += fmt::format(" -p {}", random_.of(std::vector<u32>{11, 50, 600}));
        if (persistent && random_.one_in(3))
            s.options += family_ == Family::v6 ? " -M 112" : " -M 255.255.255.0";
        if (persistent && s.kind != Service::Kind::mark && random_.one_in(3))
            s.port = 0;
        if (s.kind == Service::Kind::mark)
            s.mark = mark_of_plot(plot_, static_cast<u32>(i));
        s.one_packet = s.kind != Service::Kind::tcp && !persistent && random_.one_in(6);
        if (s.one_packet)
            s.options += " -o";
        const std::string vip = endpoint_text(vip_address(family_, plot_, s.vip), s.port);
        s.name = s.kind == Service::Kind::mark ? fmt::format("-f {}{}", s.mark, family_ == Family::v6 ? " -6" : "")
                                               : fmt::format("-{} {}", s.kind == Service::Kind::tcp ? 't' : 'u', vip);
        services_.push_back(s);
        // Two on all ports of one address would take each other's traffic.
        for (std::size_t other = 0; other < i; other++)
            if (services_[other].name == s.name) {
                services_.pop_back();
                return "-";
            }
        return make(services_.back());
    }

    std::string make(Service& s) {
        s.exists = true;
        s.servers.clear();
        std::string parts = fmt::format("bpvsadm -A {} {}{}", s.name, scheduler_words(random_), s.options);
        for (u32 n = random_.between(0, 4) + !random_.one_in(8); n > 0; n--)
            parts += " | " + add_server(s);
        return parts;
    }

    std::string thresholds(const Service& s) {
        if (s.one_packet || !random_.one_in(6)) // IPVS counts a datagram while it is in flight
            return "";
        const u32 upper = random_.between(1, 4);
        return fmt::format(" -x {} -y {}", upper, random_.between(0, upper - 1));
    }

    std::string add_server(Service& s) {
        std::vector<u32> free;
        for (u32 n = 1; n <= 6; n++)
            if (std::ranges::none_of(s.servers, [&](const Server& d) { return d.endpoint == server(s, n); }))
                free.push_back(n);
        if (free.empty())
            return "-";
        s.servers.push_back({server(s, random_.of(free)), random_.one_in(8) ? 0 : random_.between(1, 6)});
        return server_command('a', s.name, s.servers.back(), thresholds(s));
    }

    /// Ports differ between services, so that no two of them enter one reply tuple.
    std::string server(const Service& s, u32 n) const {
        const bool keeps_port = s.port == 0 || (s.kind == Service::Kind::mark && s.mark % 2);
        return endpoint_text(server_address(family_, plot_, n), keeps_port ? 0 : 8000 + s.port);
    }

    // -- changes ----------------------------------------------------------------------------------

    std::string add_or_remove_server() {
        Service& s = any_service();
        if (!s.exists)
            return make(s);
        if (s.servers.empty() || random_.one_in(2))
            return add_server(s);
        const u32 i = random_.between(0, static_cast<u32>(s.servers.size()) - 1);
        const Server gone = s.servers[i];
        s.servers.erase(s.servers.begin() + i);
        return server_command('d', s.name, gone);
    }

    std::string edit() {
        Service& s = any_service();
        if (!s.exists)
            return "-";
        if (s.servers.empty() || random_.one_in(3)) {
            std::string options = s.options;
            if (s.port != 0 && !s.one_packet && random_.one_in(2))
                options = random_.one_in(2) ? "" : fmt::format(" -p {}", random_.between(3, 4) * 100);
            s.options = options;
            return fmt::format("bpvsadm -E {} {}{}", s.name, scheduler_words(random_), options);
        }
        Server& d = s.servers[random_.between(0, static_cast<u32>(s.servers.size()) - 1)];
        d.weight = random_.one_in(4) ? 0 : random_.between(1, 6);
        return server_command('e', s.name, d, thresholds(s));
    }

    std::string remove_or_make_service() {
        Service& s = any_service();
        if (!s.exists)
            return make(s);
        s.exists = false;
        return "bpvsadm -D " + s.name;
    }

    std::string zero() {
        const Service& s = any_service();
        return s.exists ? "bpvsadm -Z " + s.name : "-";
    }

    Service& any_service() { return services_[random_.between(0, static_cast<u32>(services_.size()) - 1)]; }

    // -- traffic ----------------------------------------------------------------------------------

    std::string open() {
        const std::size_t i = random_.between(0, static_cast<u32>(services_.size()) - 1);
        const Service& s = services_[i];
        const bool any_port = s.port == 0 || s.kind == Service::Kind::mark;
        Traffic t{.number = static_cast<u32>(traffic_.size()) + 1};
        t.protocol = s.kind == Service::Kind::udp || (s.kind == Service::Kind::mark && random_.one_in(3)) ? 17 : 6;
        t.client_address = client_address(family_, plot_, random_.between(1, 5));
        t.client = endpoint_text(t.client_address, 40000 + t.number);
        t.service = endpoint_text(vip_address(family_, plot_, s.vip), any_port ? 1000 + random_.between(0, 9) : s.port);
        t.mark = s.mark;
        t.of = i;
        traffic_.push_back(t);
        if (!random_.one_in(12))
            traffic_.back().begun = true;
        return request_of(traffic_.back(), random_.one_in(12) ? flags() : "S");
    }

    std::string flags() {
        return random_.of(
            std::vector<std::string>{"A", "A", "PA", "PA", "FA", "R", "S", "RA", "F", "SA", "-", "U", "SF"});
    }

    std::string request() {
        if (traffic_.empty())
            return open();
        return request_of(any_traffic(), flags());
    }

    std::string request_of(const Traffic& t, const std::string& flags) {
        const std::string mark = t.mark ? fmt::format(" mark {}", t.mark) : "";
        return packet(t.protocol, t.client, t.service, flags) + mark;
    }

    std::string reply() {
        if (traffic_.empty())
            return open();
        const Traffic& t = any_traffic();
        if (services_[t.of].one_packet)
            return "-"; // BPVS translates it, see docs/compat.md
        static const std::vector<std::string> often{"SA", "SA", "SA", "A", "A", "PA", "FA", "FA", "R", "RA", "S", "-"};
        return packet(t.protocol, fmt::format("@{}", t.number), t.client, random_.of(often));
    }

    std::string packet(u8 protocol, const std::string& from, const std::string& to, const std::string& flags) {
        std::string text =
            protocol == 6 ? fmt::format("in tcp {} > {} {}", from, to, flags) : fmt::format("in udp {} > {}", from, to);
        if (protocol == 6 && flags != "S")
            text += " seq 1001 ack 5001";
        if (random_.one_in(4))
            text +=
                fmt::format(" payload {}B", random_.one_in(4) ? random_.between(500, 1400) : random_.between(1, 40));
        if (random_.one_in(8))
            text += fmt::format(" ttl {}", random_.between(2, 63));
        if (random_.one_in(12))
            text += fmt::format(" tos {}", random_.between(1, 63) * 4);
        if (family_ == Family::v4 && random_.one_in(8))
            text += fmt::format(" id {}", random_.between(1, 65535));
        if (family_ == Family::v4 && random_.one_in(8))
            text += " df";
        if (family_ == Family::v6 && random_.one_in(8))
            text += fmt::format(" flow {}", random_.between(1, 0xfffff));
        if (protocol == 6 && random_.one_in(10))
            text += " opt hex:020405b401010402";
        if (random_.one_in(40))
            text += " sum +1";
        return text;
    }

    std::string error_from_server() {
        if (traffic_.empty() || family_ == Family::v6) // IPVS drops these over IPv6, see docs/compat.md
            return request();
        const Traffic& t = any_traffic();
        if (services_[t.of].one_packet)
            return "-";
        const std::string about = t.protocol == 6 ? fmt::format("tcp {} > @{} A", t.client, t.number)
                                                  : fmt::format("udp {} > @{}", t.client, t.number);
        static const std::vector<std::string> kinds{"3/3", "3/1", "11/0", "4/0", "3/4 mtu 1400", "5/1", "8/0"};
        const std::string kind = random_.of(kinds);
        const std::string from =
            random_.one_in(3) ? server_address(family_, plot_, 200) : fmt::format("@{}a", t.number);
        return fmt::format("in icmp {} > {} {} about ( {} ttl {} ){}", from, t.client_address, kind, about,
                           random_.between(10, 63), random_.one_in(2) ? " cut 28" : "");
    }

    std::string error_from_client() {
        if (traffic_.empty())
            return open();
        const Traffic& t = any_traffic();
        if (services_[t.of].one_packet)
            return "-";
        const std::string about = t.protocol == 6 ? fmt::format("tcp {} > {} A", t.service, t.client)
                                                  : fmt::format("udp {} > {}", t.service, t.client);
        const bool v6 = family_ == Family::v6;
        const std::string kind = v6 ? random_.of(std::vector<std::string>{"1/4", "1/3", "3/0", "2/0 mtu 1300"})
                                    : random_.of(std::vector<std::string>{"3/3", "3/1", "11/0", "3/4 mtu 1400"});
        const std::string vip = t.service.substr(0, t.service.rfind(':'));
        return fmt::format("in icmp {} > {} {} about ( {} ttl {} ){}", t.client_address, vip, kind, about,
                           random_.between(10, 63), random_.one_in(2) ? " cut 28" : "");
    }

    /// Packets that no service is for.
    std::string other() {
        const std::string client =
            endpoint_text(client_address(family_, plot_, 9), 50000 + static_cast<u32>(traffic_.size()));
        const std::string vip = vip_address(family_, plot_, 1);
        const std::string server = endpoint_text(server_address(family_, plot_, 1), 8000);
        switch (random_.between(0, 3)) {
        case 0:
            return packet(6, client, endpoint_text(vip, 7), flags());
        case 1:
            return packet(17, client, endpoint_text(vip, 7), "");
        case 2:
            return packet(6, server, client, flags());
        default:
            return packet(17, client, server, "");
        }
    }

    const Traffic& any_traffic() {
        const u32 last = static_cast<u32>(traffic_.size()) - 1;
        return traffic_[random_.one_in(2) ? last - random_.between(0, std::min(last, 2u)) : random_.between(0, last)];
    }

    Random random_;
    u32 plot_;
    const Common& common_;
    Family family_;
    std::vector<Service> services_;
    std::vector<Traffic> traffic_;
};

} // namespace

Common common_of_events(Random& random) {
    Common common{.rounds = random.between(24, 34)};
    const auto setting = [&](const char* name, u32 value) { common.settings += fmt::format(" {}={}", name, value); };
    if (random.one_in(3))
        setting("conn_reuse_mode", random.of(std::vector<u32>{0, 2}));
    if (random.one_in(3)) {
        setting("expire_nodest_conn", 1);
        common.removals_need_time = true;
    }
    if (random.one_in(4))
        setting("sloppy_tcp", 1);
    if (random.one_in(4))
        setting("secure_tcp", 3);
    if (random.one_in(4))
        setting("expire_quiescent_template", 1);
    if (!common.settings.empty())
        common.settings = "set" + common.settings + " | ";
    common.settings += "timeouts 900 8 8 | wait 1.5";                        // IPVS heeds its defences within a second
    common.waits[common.rounds / 3] = common.removals_need_time ? 2.2 : 1.2; // first connections, then templates
    common.waits[2 * common.rounds / 3] = 13.5; // more than all short timeouts, and what a timer may be late
    return common;
}

void events(Random random, u32 plot, const Common& common, std::ostream& out) {
    Events(random, plot, common).write(out);
}

} // namespace bpvs::differ
