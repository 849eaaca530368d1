// The examples of docs/json.md are what the program prints.
#include "cli/bpvsadm/json.hh"

#include "cli/bpvsadm/test_run.hh"

#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bpvs::cli {
namespace {

using Json = nlohmann::ordered_json; // the order of members is part of what is compared

struct Example {
    std::string command;
    Json shown;
};

/// The blocks of the page: ```json, a line with the command, JSON.
std::vector<Example> examples() {
    std::ifstream page(BPVS_SOURCE_DIR "/docs/json.md");
    std::vector<Example> found;
    std::string text;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line == "```json") {
            inside = true;
            found.emplace_back();
            text.clear();
        } else if (inside && line.starts_with("$ ")) {
            found.back().command = line.substr(2);
        } else if (inside && line == "```") {
            inside = false;
            found.back().shown = Json::parse(text);
        } else if (inside) {
            text += line + "\n";
        }
    }
    return found;
}

class JsonPage : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "needs CAP_NET_ADMIN, as bpvsadm does";
        run("-A -t 1.1.1.1:80 -s wrr");
        run("-a -t 1.1.1.1:80 -r 172.16.1.1:8080 -m -w 3");
        sim::Tables& tables = run.lab.tables;
        const u32 server = run.lab.record(0x0101);
        const u32 service = tables.config.max_dests + run.lab.element().id;
        tables.counters[server] = {3, 2502, 1, 150000080, 40};
        tables.counters[service] = {3, 2502, 1, 150000080, ~u64{0}};
        tables.rates[service] = {.cps = 1 << 10, .in_pps = 313 << 10, .in_bps = 18750 << 5};
        tables.dests[server].active = 1;
        tables.dests[server].inactive = 2;
        tables.table.high_water = 1;
        tables.conns[0] = {.client = address(192, 168, 1, 1),
                           .vip = address(1, 1, 1, 1),
                           .dest = address(172, 16, 1, 1),
                           .cport = to_be16(50554),
                           .vport = to_be16(80),
                           .dport = to_be16(8080),
                           .protocol = IpProto::tcp,
                           .family = Family::v4,
                           .dest_id = server,
                           .status = {.is = {.life = Life::live, .state = State::established, .flags = 0}},
                           .expires = tables.jiffies + u64{899} * tables.config.hz};
    }
    TestRun run;
};

TEST_F(JsonPage, shows_what_the_program_prints) {
    int checked = 0;
    for (const Example& e : examples()) {
        if (!e.command.starts_with("bpvsadm "))
            continue;
        const Outcome o = run(e.command.substr(e.command.find(' ') + 1));
        EXPECT_EQ(o.exit, 0) << o.err;
        EXPECT_EQ(Json::parse(o.out).dump(2), e.shown.dump(2)) << e.command;
        ++checked;
    }
    EXPECT_EQ(checked, 4);
}

TEST_F(JsonPage, has_one_form_whatever_columns_are_asked_for) {
    const std::string plain = run("-L --json").out;
    for (const char* columns :
         {"-n", "--stats", "--rate -X", "--thresholds", "--persistent-conn", "--tun-info", "--nosort"})
        EXPECT_EQ(run(std::string("-L --json ") + columns).out, plain) << columns;
    EXPECT_EQ(run("-L --json -t 1.1.1.1:80").out, plain);
    EXPECT_EQ(run("-L --json -t 1.1.1.1:81").exit, 1);
    EXPECT_EQ(run("-L --json -t 1.1.1.1:81").out, "");
}

TEST_F(JsonPage, has_one_element_a_line_and_empty_lists) {
    run("-A -t 1.1.1.1:81 -s rr");
    std::istringstream lines(run("-L --json").out);
    int services = 0;
    for (std::string line; std::getline(lines, line);)
        services += line.starts_with("{\"family\"") ? 1 : 0;
    EXPECT_EQ(services, 2);
    run("-C");
    run.lab.tables.table.high_water = 0;
    EXPECT_EQ(Json::parse(run("-L --json").out).at("services"), Json::array());
    EXPECT_EQ(Json::parse(run("-Lc --json").out).at("connections"), Json::array());
}

Json of(const ServiceView& view) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* file = open_memstream(&text, &size);
    {
        Output out(file);
        put_services_json(out, {view});
    }
    std::fclose(file);
    const Json json = Json::parse(std::string(text, size));
    std::free(text);
    return json.at("services").at(0);
}

TEST(Json, names_marks_persistence_flags_and_tunnels) {
    ServiceView view{.spec = {.name = {.fwmark = 0xffffffff}, .scheduler = "sh"}};
    view.spec.sched_flags = 0x18;
    view.spec.persistence = 300;
    view.spec.netmask = static_cast<u32>(to_be32(0xffffff00));
    view.spec.pe = "sip";
    view.servers = {{.spec = server(1)}};
    view.servers[0].spec.method = Forward::tunnel;
    view.servers[0].spec.tunnel_type = 1;
    view.servers[0].spec.tunnel_port = to_be16(6080);
    Json json = of(view);
    EXPECT_EQ(json.at("fwmark"), 0xffffffff);
    EXPECT_TRUE(json.at("protocol").is_null() && json.at("address").is_null() && json.at("port").is_null());
    EXPECT_EQ(json.at("flags"), Json::parse(R"(["sh-fallback", "sh-port"])"));
    EXPECT_EQ(json.at("persistence"), Json::parse(R"({"seconds": 300, "netmask": "255.255.255.0", "engine": "sip"})"));
    EXPECT_EQ(json.at("servers")[0].at("tunnel"), Json::parse(R"({"type": "gue", "port": 6080, "checksum": "none"})"));
    view.spec.name = {.family = Family::v6, .protocol = IpProto::udp, .vip = {{to_be32(0x20010db8)}}};
    view.spec.netmask = 64;
    view.spec.pe = "";
    json = of(view);
    EXPECT_EQ(json.at("address"), "2001:db8::");
    EXPECT_EQ(json.at("persistence"), Json::parse(R"({"seconds": 300, "prefix": 64, "engine": null})"));
}

} // namespace
} // namespace bpvs::cli
