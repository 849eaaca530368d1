#include "cli/bpvsadm/list.hh"

#include "control/test_lab.hh"

#include <cstdlib>

namespace bpvs::cli {
namespace {

Command list(std::initializer_list<Opt> given) {
    Command c;
    c.verb = Verb::list;
    c.given.set(static_cast<std::size_t>(Opt::numeric));
    for (Opt opt : given)
        c.given.set(static_cast<std::size_t>(opt));
    return c;
}

/// What `put` prints.
template <class Put>
std::string printed(Put put) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* file = open_memstream(&text, &size);
    {
        Output out(file);
        put(out);
    }
    std::fclose(file);
    const std::string result(text, size);
    std::free(text);
    return result;
}

std::string services_text(const Command& c, const std::vector<ServiceView>& services) {
    return printed([&](Output& out) { put_services(out, c, services, {}); });
}

ServiceView busy_service() {
    ServiceView s{.spec = service(tcp())};
    s.counters = {.conns = 1, .in_packets = 2502, .out_packets = 1, .in_bytes = 150000080, .out_bytes = 40};
    ServerView first{.spec = server(0x0101), .active = 1, .inactive = 2};
    first.counters = s.counters;
    first.rates = {.cps = 12, .in_pps = 313, .in_bps = 18750009, .out_bps = 5};
    s.servers = {first};
    return s;
}

TEST(List, shows_live_connections_in_fixed_columns) {
    EXPECT_EQ(services_text(list({}), {busy_service()}),
              "IP Virtual Server version 1.2.1 (size=4096)\n"
              "Prot LocalAddress:Port Scheduler Flags\n"
              "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
              "TCP  1.1.1.1:80 rr\n"
              "  -> 172.16.1.1:80                Masq    1      1          2         \n");
}

TEST(List, shortens_counters_of_more_than_eight_digits_unless_exact) {
    EXPECT_EQ(services_text(list({Opt::service, Opt::stats}), {busy_service()}),
              "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
              "  -> RemoteAddress:Port\n"
              "TCP  1.1.1.1:80                          1     2502        1  150000K       40\n"
              "  -> 172.16.1.1:80                       1     2502        1  150000K       40\n");
    EXPECT_NE(services_text(list({Opt::stats, Opt::exact}), {busy_service()}).find(" 150000080       40\n"),
              std::string::npos);
}

TEST(List, shows_rates_per_second) {
    EXPECT_NE(services_text(list({Opt::rate}), {busy_service()})
                  .find("  -> 172.16.1.1:80                      12      313        0 18750009        5\n"),
              std::string::npos);
}

TEST(List, marks_persistence_and_one_packet_scheduling) {
    ServiceView s = busy_service();
    s.spec.persistence = 300;
    s.spec.netmask = static_cast<u32>(to_be32(0xffffff00));
    s.spec.pe = "sip";
    s.spec.one_packet = true;
    s.spec.sched_flags = 0x18;
    EXPECT_NE(services_text(list({}), {s})
                  .find("TCP  1.1.1.1:80 rr (flag-1,flag-2) persistent 300 mask 255.255.255.0 pe sip ops\n"),
              std::string::npos);
    EXPECT_TRUE(printed([&](Output& out) {
                    put_save(out, {s}, {});
                }).starts_with("-A -t 1.1.1.1:80 -s rr -p 300 -M 255.255.255.0 --pe sip -o -b flag-1,flag-2\n"));
}

TEST(List, sorts_by_protocol_address_and_port_with_ipv6_and_marks_last) {
    std::vector<ServiceView> services(6);
    services[0].spec.name = {.fwmark = 9};
    services[1].spec.name = {.family = Family::v6, .protocol = IpProto::tcp, .vport = to_be16(80)};
    services[2].spec = service(udp(53));
    services[3].spec = service(tcp(443));
    services[4].spec = service(tcp(80));
    services[5].spec = service(tcp(80));
    services[5].spec.name.vip = address(10, 0, 0, 1);
    services[4].servers = {{.spec = server(20)}, {.spec = server(3)}};
    sort_services(services);
    EXPECT_EQ(services[0].spec.name, tcp(80));
    EXPECT_EQ(services[0].servers[0].spec.addr, rip(3));
    EXPECT_EQ(services[1].spec.name, tcp(443));
    EXPECT_EQ(services[2].spec.name.vip, address(10, 0, 0, 1));
    EXPECT_EQ(services[3].spec.name, udp(53));
    EXPECT_EQ(services[4].spec.name.family, Family::v6);
    EXPECT_EQ(services[5].spec.name.fwmark, 9u);
}

TEST(List, compares_addresses_and_marks_by_the_sign_of_their_difference) {
    std::vector<ServiceView> services(3);
    services[0].spec.name = {.fwmark = 9};
    services[1].spec.name = {.fwmark = 0xffffffff};
    services[2].spec = service(tcp(80));
    for (const Address& a : {address(10, 0, 0, 1), address(192, 168, 0, 1), address(11, 0, 0, 1)})
        services[2].servers.push_back({.spec = {.addr = a}});
    sort_services(services);
    EXPECT_EQ(services[0].spec.name.fwmark, 0xffffffff);
    EXPECT_EQ(services[1].servers[0].spec.addr, address(192, 168, 0, 1));
    EXPECT_EQ(services[1].servers[1].spec.addr, address(10, 0, 0, 1));
    EXPECT_EQ(services[2].spec.name.fwmark, 9u);
}

TEST(List, sorts_mark_services_of_ipv4_before_ipv6) {
    std::vector<ServiceView> services(2);
    services[0].spec.name = {.family = Family::v6, .fwmark = 8};
    services[1].spec.name = {.fwmark = 8};
    sort_services(services);
    EXPECT_EQ(services[0].spec.name.family, Family::v4);
}

TEST(List, shows_connections_with_minutes_and_seconds_to_live) {
    const auto at = [](u32 seconds, State state) {
        return ConnectionView{.family = Family::v4,
                              .protocol = IpProto::tcp,
                              .client = address(192, 168, 1, 1),
                              .vip = address(1, 1, 1, 1),
                              .dest = address(172, 16, 1, 1),
                              .cport = to_be16(10006),
                              .vport = to_be16(80),
                              .dport = to_be16(80),
                              .state = state,
                              .seconds = seconds};
    };
    Buffer text;
    put_connections_header(text, list({}));
    put_connection(text, at(9, State::close), {});
    put_connection(text, at(2678400, State::established), {});
    EXPECT_EQ(fmt::to_string(text), "IPVS connection entries\n"
                                    "pro expire state       source             virtual            destination\n"
                                    "TCP 00:09  CLOSE       192.168.1.1:10006  1.1.1.1:80         172.16.1.1:80\n"
                                    "TCP 44640:00 ESTABLISHED 192.168.1.1:10006  1.1.1.1:80         172.16.1.1:80\n");
}

TEST(Counter, keeps_its_column_up_to_the_largest_number) {
    const struct {
        u64 value;
        const char* text;
    } cases[]{{99999999, " 99999999"},    {100000000, "  100000K"},    {1000000000, "    1000M"},
              {99999999999, "   99999M"}, {100000000000, "     100G"}, {100000000000000, "     100T"},
              {~0ull, "18446744T"}};
    const auto column = [](u64 value, bool exact) {
        Buffer text;
        put_counter(text, value, exact);
        return fmt::to_string(text);
    };
    for (const auto& c : cases)
        EXPECT_EQ(column(c.value, false), c.text);
    EXPECT_EQ(column(12345678901234567890ull, true), " 12345678901234567890");
}

} // namespace
} // namespace bpvs::cli
