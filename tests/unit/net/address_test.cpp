#include "net/address.h"

#include <gtest/gtest.h>

namespace rha::net {
namespace {

TEST(AddressTest, ParsesIpv4AndIpv6WithPort) {
  EXPECT_EQ(Address::parse("127.0.0.1:5000").value().text(), "127.0.0.1:5000");
  const Address v6 = Address::parse("[::1]:5000").value();
  EXPECT_EQ(v6.host(), "::1");
  EXPECT_EQ(v6.port(), 5000);
  EXPECT_EQ(v6.text(), "[::1]:5000");
}

TEST(AddressTest, NoHostAndStarMeanAllAddresses) {
  EXPECT_EQ(Address::parse(":5000").value().host(), "::");
  EXPECT_EQ(Address::parse("*:0").value().text(), "[::]:0");
}

TEST(AddressTest, RefusesWhatIsNotANumericAddressWithPort) {
  for (const char* text : {"", "5000", "127.0.0.1", "localhost:5000", "::1:5000", "[::1]", "[127.0.0.1]:1",
                           "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:", "[fe80::1%eth0]:1", "1.2.3:80"}) {
    const auto parsed = Address::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().find(std::string("'") + text + "'"), std::string::npos);
  }
}

TEST(AddressTest, SurvivesTheKernelsForm) {
  for (const char* text : {"127.0.0.1:5000", "[2001:db8::7]:65535", "[::]:0"}) {
    sockaddr_storage raw{};
    const socklen_t length = Address::parse(text).value().toSockaddr(raw);
    EXPECT_EQ(length, text[0] == '[' ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    EXPECT_EQ(Address::from(raw).text(), text);
  }
}

TEST(AddressTest, AnIpv4MappedAddressBecomesIpv4) {
  sockaddr_storage raw{};
  static_cast<void>(Address::parse("[::ffff:10.1.2.3]:80").value().toSockaddr(raw));
  EXPECT_EQ(Address::from(raw).text(), "10.1.2.3:80");
}

}  // namespace
}  // namespace rha::net
