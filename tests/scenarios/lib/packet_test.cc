#include "tests/scenarios/lib/packet.hh"

#include "tests/scenarios/lib/generators.hh"
#include "tests/scenarios/lib/oracle.hh"
#include "tests/scenarios/lib/sctp.hh"

#include <gtest/gtest.h>

namespace bpvs::scenario {
namespace {

TEST(Packet, frames_have_the_lengths_and_checksums_that_libtins_computes) {
    EXPECT_TRUE(rc::check([] {
        const Family family = any_family();
        const Packet p =
            any_packet(any_host(family), *rc::gen::arbitrary<u16>(), any_host(family), *rc::gen::arbitrary<u16>());
        RC_ASSERT(tins_agrees(arriving(p)));
    }));
}

TEST(Packet, libtins_disagrees_with_wrong_checksums) {
    for (const char* text :
         {"tcp cip:1 > vip:80 S sum +1", "udp cip:1 > vip:53 payload 9B sum 0x1234", "tcp cip:1 > vip:80 S ipsum +1",
          "icmp cip > vip 3/1 about ( tcp vip:80 > cip:1 A ) sum +1", "tcp 6cip:1 > 6vip:80 S sum +1"})
        EXPECT_FALSE(tins_agrees(arriving(text))) << text;
    EXPECT_TRUE(tins_agrees(arriving("icmp cip > vip 3/1 about ( tcp vip:80 > cip:1 A )")));
}

TEST(Packet, description_tells_wrong_checksums) {
    EXPECT_NE(describe(arriving("tcp cip:1 > vip:80 S sum +1")).find("(WRONG)"), std::string::npos);
    EXPECT_NE(describe(arriving("tcp cip:1 > vip:80 S ipsum +1")).find("(WRONG)"), std::string::npos);
}

TEST(Packet, sctp_has_the_checksum_of_its_test_vectors) {
    const std::string digits = "123456789";
    EXPECT_EQ(crc32c(reinterpret_cast<const u8*>(digits.data()), digits.size()), 0xe3069283u);
    EXPECT_EQ(crc32c(Bytes(32, 0).data(), 32), 0x8a9136aau); // RFC 3720, appendix B.4
    EXPECT_EQ(crc32c(Bytes(32, 0xff).data(), 32), 0x62a8ab43u);
    EXPECT_EQ(describe(arriving("sctp cip:1 > vip:80 INIT")).find("WRONG"), std::string::npos);
    EXPECT_NE(describe(arriving("sctp cip:1 > vip:80 INIT sum +1")).find("WRONG"), std::string::npos);
    EXPECT_NE(describe(arriving("sctp cip:1 > vip:80 COOKIE_ECHO,DATA")).find("COOKIE_ECHO,DATA"), std::string::npos);
    EXPECT_THROW(arriving("sctp cip:1 > vip:80"), Wrong);
    EXPECT_THROW(arriving("sctp cip:1 > vip:80 PING"), Wrong);
}

TEST(Packet, bad_expressions_are_refused) {
    for (const char* text : {"", "tcp", "tcp cip > vip:80 S", "tcp cip:1 vip:80 S", "tcp cip:1 > vip:80",
                             "tcp cip:1 > vip:80 X", "udp cip:1 > vip:70000", "tcp cip:1 > vip:80 S ttl",
                             "tcp cip:1 > vip:80 S ttl 256", "tcp cip:1 > nobody:80 S", "icmp cip > vip 3",
                             "icmp cip > vip 3/1 about ( udp cip:1 > vip:2", "tcp cip:1 > vip:80 S payload 10",
                             "tcp cip:1 > vip:80 S )", "tcp cip:1 > 6vip:80 S", "tcp cip:1 > vip:80 S ext hop",
                             "udp 6cip:1 > 6vip:2 ext new", "frame 0x806 hex:0", "tcp cip:1 > vip:80 S opt 3B"})
        EXPECT_THROW(arriving(text), Wrong) << text;
}

} // namespace
} // namespace bpvs::scenario
