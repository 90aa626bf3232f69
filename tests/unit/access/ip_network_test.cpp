#include "access/ip_network.h"

#include <gtest/gtest.h>

namespace {

using rha::access::IpAddress;
using rha::access::IpNetwork;

bool contains(const char* network, const char* address) {
  return IpNetwork::parse(network).value().contains(IpAddress::parse(address).value());
}

TEST(IpNetwork, a_network_contains_its_addresses_and_no_others) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("10.192.0.5", "10.192.0.5"));
  EXPECT_FALSE(contains("10.192.0.5", "10.192.0.6"));
  EXPECT_TRUE(contains("0.0.0.0/0", "192.0.2.1"));
  EXPECT_TRUE(contains("2620:0:860::/46", "2620:0:863:ffff::1"));
  EXPECT_FALSE(contains("2620:0:860::/46", "2620:0:864::1"));
  EXPECT_FALSE(contains("::/0", "192.0.2.1"));
}

TEST(IpNetwork, an_ipv4_mapped_address_is_its_ipv4_address) {
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1"), IpAddress::parse("10.0.0.1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_EQ(IpAddress::parse("::ffff:a00:1")->text(), "10.0.0.1");
}

TEST(IpNetwork, what_is_no_address_is_refused) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1:80", "[::1]",
                           "fe80::1%eth0", "localhost", "1", "0x7f.0.0.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.0.0.1\0x", 10)));
  for (const char* text :
       {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "::ffff:10.0.0.0/104"}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
}

TEST(IpNetwork, bits_beyond_the_prefix_are_an_error_that_names_the_network) {
  EXPECT_EQ(IpNetwork::parse("10.1.2.3/8").error(), "has bits beyond its prefix; the network is 10.0.0.0/8");
}

TEST(IpNetwork, overlapping_networks_are_found) {
  const auto parse = [](const char* text) { return IpNetwork::parse(text).value(); };
  EXPECT_TRUE(parse("10.0.0.0/8").overlaps(parse("10.1.0.0/16")));
  EXPECT_TRUE(parse("10.1.0.0/16").overlaps(parse("10.0.0.0/8")));
  EXPECT_FALSE(parse("10.0.0.0/16").overlaps(parse("10.1.0.0/16")));
  EXPECT_FALSE(parse("0.0.0.0/0").overlaps(parse("::/0")));
}

}  // namespace
