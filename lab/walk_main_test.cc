// The program as its users run it: files in, words and exit status out.
#include "lab/test_connection.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bpvs::lab {
namespace {

using namespace test;
using ::testing::HasSubstr;

/// The program itself, on files as tcpdump writes them.
class Program : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = std::filesystem::temp_directory_path() / "bpvs-walk-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        dir_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }

    std::string file(std::size_t hop) const { return dir_ / (std::to_string(hop) + ".pcap"); }

    void write(const Frames& frames, int link_type = DLT_EN10MB, u32 cut = 0) const {
        for (std::size_t i = 0; i < hop_count; ++i) {
            pcap_t* pcap = pcap_open_dead(link_type, 65535);
            pcap_dumper_t* out = pcap_dump_open(pcap, file(i + 1).c_str());
            for (const Bytes& frame : frames[i]) {
                const auto size = static_cast<u32>(frame.size());
                const pcap_pkthdr header{.ts = {}, .caplen = size - cut, .len = size};
                pcap_dump(reinterpret_cast<u8*>(out), &header, frame.data());
            }
            pcap_dump_close(out);
            pcap_close(pcap);
        }
    }

    /// Exit status; output in `output_`.
    int run(const std::string& vip = "1.1.1.1:80", std::size_t files = hop_count) {
        std::string command = std::string(BPVS_WALK) + " --cip 192.168.1.1:40000 --vip " + vip +
                              " --rip 172.16.1.2:8080 --client-mac 02:00:00:00:c1:00 --gw-up-mac 02:00:00:00:fe:00"
                              " --gw-down-mac 02:00:00:00:fe:01 --vip-mac 02:00:00:00:d0:00"
                              " --dip-mac 02:00:00:00:d0:01 --rs-mac 02:00:00:00:a0:02";
        for (std::size_t i = 1; i <= files; ++i)
            command += " " + file(i);
        command += " >" + (dir_ / "out").string() + " 2>&1";
        const int status = std::system(command.c_str());
        std::ifstream in(dir_ / "out");
        output_.assign(std::istreambuf_iterator<char>(in), {});
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::filesystem::path dir_;
    std::string output_;
};

TEST_F(Program, exits_0_when_every_hop_is_ok) {
    write(capture_connection(nothing));
    EXPECT_EQ(run(), 0) << output_;
    EXPECT_THAT(output_, HasSubstr("6.GW-------------->Client"));
}

TEST_F(Program, exits_1_when_something_differs) {
    write(capture_connection(at(3, [](Spec& s) { ++s.ttl; })));
    EXPECT_EQ(run(), 1);
    EXPECT_THAT(output_, HasSubstr("DIFFERS: packet 1 [S]: ttl is 63, must be 62"));
}

TEST_F(Program, exits_1_when_roles_are_others) {
    write(capture_connection(nothing));
    EXPECT_EQ(run("1.1.1.2:80"), 1);
    EXPECT_THAT(output_, HasSubstr("dip is 1.1.1.1 (?), must be 1.1.1.2 (VIP)"));
}

TEST_F(Program, refuses_what_it_cannot_read_with_a_sentence) {
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("hop 1: cannot read the capture"));
    write(capture_connection(nothing), DLT_RAW);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("has no Ethernet headers"));
    write(capture_connection(nothing), DLT_EN10MB, 1);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("has cut packets"));
    write(capture_connection(nothing));
    std::filesystem::resize_file(file(4), std::filesystem::file_size(file(4)) - 3);
    EXPECT_EQ(run(), 2);
    EXPECT_THAT(output_, HasSubstr("hop 4: the capture " + file(4) + " ends in the middle"));
}

TEST_F(Program, refuses_bad_arguments_with_a_sentence) {
    write(capture_connection(nothing));
    EXPECT_EQ(run("1.1.1.1"), 2);
    EXPECT_THAT(output_, HasSubstr("'1.1.1.1' is not ADDRESS:PORT, such as 1.1.1.1:80"));
    EXPECT_EQ(run("1.1.1.1:80", 5), 2);
}

} // namespace
} // namespace bpvs::lab
