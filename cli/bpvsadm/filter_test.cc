#include "cli/bpvsadm/test_run.hh"

#include <unistd.h>

namespace bpvs::cli {
namespace {

TEST(Network, contains_what_has_its_leading_bits) {
    const auto v4 = [](const char* net, u32 host) {
        return parse_network(net).value().contains(Family::v4, address_v4(to_be32(host)));
    };
    EXPECT_TRUE(v4("192.168.1.0/24", 0xc0a801ff));
    EXPECT_TRUE(v4("192.168.1.77/24", 0xc0a801ff)) << "bits behind the prefix do not count";
    EXPECT_FALSE(v4("192.168.1.0/24", 0xc0a802ff));
    EXPECT_TRUE(v4("0.0.0.0/0", 0xffffffff));
    EXPECT_TRUE(v4("10.0.0.1", 0x0a000001));
    EXPECT_FALSE(v4("10.0.0.1", 0x0a000002));
    EXPECT_FALSE(v4("::/0", 0x0a000002)) << "another family";
    const Network v6 = parse_network("2001:db8:0:8000::/49").value();
    EXPECT_TRUE(v6.contains(Family::v6, parse_network("2001:db8:0:ffff::1")->addr));
    EXPECT_FALSE(v6.contains(Family::v6, parse_network("2001:db8:0:7fff::1")->addr));
    EXPECT_FALSE(v6.contains(Family::v6, parse_network("2001:db9:0:ffff::1")->addr));
    for (const char* wrong : {"", "/", "1.1.1.1/", "1.1.1.1/33", "1.1.1.1/-1", "1.1.1", "::/129", "a/8", "1.1.1.1/8/8"})
        EXPECT_FALSE(parse_network(wrong)) << wrong;
}

TEST(States, are_ipvsadms_in_any_case) {
    EXPECT_EQ(parse_states("time_wait,SYN_RECV")->count(), 2u);
    EXPECT_TRUE(parse_states("UDP")->test(static_cast<std::size_t>(State::udp)));
    EXPECT_EQ(parse_states("ESTABLISHED")->count(), 2u) << "TCP's and SCTP's";
    EXPECT_TRUE(parse_states("s-ack-sent")->test(static_cast<std::size_t>(State::sctp_shutdown_ack_sent)));
    EXPECT_EQ(parse_states(all_states())->count(), 26u);
    EXPECT_EQ(all_states().find("ESTABLISHED"), all_states().rfind("ESTABLISHED"));
    for (const char* wrong : {"", ",", "UDP,", "OPEN", "UDP CLOSE"})
        EXPECT_FALSE(parse_states(wrong)) << wrong;
}

TEST(ServiceFilter, names_a_protocol_an_address_a_port_or_a_mark) {
    EXPECT_EQ(parse_service_filter("tcp:1.1.1.1:80")->protocol, IpProto::tcp);
    EXPECT_EQ(parse_service_filter("1.1.1.1")->vip.port, std::nullopt);
    EXPECT_EQ(parse_service_filter("udp:[2001:db8::1]:53")->vip.family, Family::v6);
    EXPECT_EQ(parse_service_filter("fwmark:7")->fwmark, 7u);
    for (const char* wrong : {"", "tcp:", "icmp:1.1.1.1", "fwmark:0", "fwmark:x", "1.1.1.1:70000"})
        EXPECT_FALSE(parse_service_filter(wrong)) << wrong;
}

class Filtered : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "needs CAP_NET_ADMIN, as bpvsadm does";
        run("-A -t 1.1.1.1:80 -s rr");
        run("-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m");
        run("-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m");
        run("-A -u 1.1.1.1:53 -s rr");
        run("-a -u 1.1.1.1:53 -r 172.16.1.2:53 -m");
        connection(0, IpProto::tcp, 0xc0a80101, 80, 0xac100101, State::established);
        connection(1, IpProto::tcp, 0xc0a80201, 80, 0xac100102, State::syn_recv);
        connection(2, IpProto::udp, 0xc0a80101, 53, 0xac100102, State::udp);
    }

    void connection(std::size_t slot, IpProto protocol, u32 client, u16 port, u32 dest, State state) {
        sim::Tables& tables = run.lab.tables;
        tables.table.high_water = static_cast<u32>(slot + 1);
        tables.conns[slot] = {.client = address_v4(to_be32(client)),
                              .vip = address_v4(to_be32(0x01010101)),
                              .dest = address_v4(to_be32(dest)),
                              .cport = to_be16(static_cast<u16>(1000 + slot)),
                              .vport = to_be16(port),
                              .dport = to_be16(port),
                              .protocol = protocol,
                              .family = Family::v4,
                              .status = {.is = {.life = Life::live, .state = state, .flags = 0}},
                              .expires = tables.jiffies + 1000};
    }

    /// The client ports that are listed, as digits from 0.
    std::string listed(const std::string& filter) {
        const Outcome o = run("-Lnc " + filter);
        EXPECT_EQ(o.exit, 0) << o.err;
        std::string seen;
        for (const char* digit : {"0", "1", "2"})
            if (o.out.find(std::string(":100") + digit + " ") != std::string::npos)
                seen += digit;
        return seen;
    }

    TestRun run;
};

TEST_F(Filtered, connections_are_picked_by_service_server_state_and_client) {
    EXPECT_EQ(listed(""), "012");
    EXPECT_EQ(listed("--filter-service tcp:1.1.1.1:80"), "01");
    EXPECT_EQ(listed("--filter-service 1.1.1.1"), "012");
    EXPECT_EQ(listed("--filter-service udp:1.1.1.1"), "2");
    EXPECT_EQ(listed("--filter-service 1.1.1.2"), "");
    EXPECT_EQ(listed("--filter-service fwmark:1"), "");
    EXPECT_EQ(listed("--filter-server 172.16.1.2"), "12");
    EXPECT_EQ(listed("--filter-server 172.16.1.2:53"), "2");
    EXPECT_EQ(listed("--filter-state syn_recv,udp"), "12");
    EXPECT_EQ(listed("--filter-client 192.168.1.0/24"), "02");
    EXPECT_EQ(listed("--filter-client 192.168.0.0/16 --filter-state ESTABLISHED"), "0");
    EXPECT_EQ(listed("--filter-client 2001:db8::/32"), "");
}

TEST_F(Filtered, services_are_picked_with_the_servers_that_are_wanted) {
    EXPECT_EQ(run("-Ln --filter-server 172.16.1.1").out,
              "IP Virtual Server version 1.2.1 (size=4096)\n"
              "Prot LocalAddress:Port Scheduler Flags\n"
              "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
              "TCP  1.1.1.1:80 rr\n"
              "  -> 172.16.1.1:80                Masq    1      0          0         \n");
    EXPECT_EQ(run("-Ln --filter-service udp:1.1.1.1:53").out.find("TCP "), std::string::npos);
    EXPECT_EQ(run("-Ln -t 1.1.1.1:80 --filter-server 172.16.1.9").out.find("->  172"), std::string::npos);
}

TEST_F(Filtered, wrong_values_and_uses_are_refused_with_one_sentence) {
    for (const char* line : {"-L --filter-service x:y", "-L --filter-server [::1", "-Lc --filter-state OPEN",
                             "-Lc --filter-client 1/8", "-L --filter-state UDP", "-L --filter-client 1.1.1.1",
                             "-L --timeout --filter-server 1.1.1.1", "-L --daemon --filter-service 1.1.1.1"}) {
        const Outcome o = run(line);
        EXPECT_EQ(o.exit, 2) << line;
        EXPECT_TRUE(o.err.starts_with("bpvsadm: --filter-") && o.err.ends_with(".\n")) << line << ": " << o.err;
        EXPECT_EQ(o.out, "") << line;
    }
    EXPECT_EQ(run("-S --json").err, "Illegal 'json' option with the 'save' command\n");
}

} // namespace
} // namespace bpvs::cli
