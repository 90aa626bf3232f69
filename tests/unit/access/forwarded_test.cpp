#include "access/forwarded.h"

#include <gtest/gtest.h>

namespace {

using rha::access::clientAddress;
using rha::access::IpNetwork;

const std::vector<IpNetwork> kTrusted{IpNetwork::parse("10.2.0.0/16").value(), IpNetwork::parse("::1").value()};

TEST(Forwarded, only_a_trusted_proxy_may_say_who_the_client_is) {
  EXPECT_EQ(clientAddress("192.0.2.1", {"10.64.0.2"}, kTrusted), "192.0.2.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2"}, kTrusted), "10.64.0.2");
  EXPECT_EQ(clientAddress("::ffff:10.2.0.1", {"10.64.0.2"}, kTrusted), "10.64.0.2");
  EXPECT_EQ(clientAddress("10.2.0.1", {}, kTrusted), "10.2.0.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2"}, {}), "10.2.0.1");
}

TEST(Forwarded, what_the_client_wrote_itself_does_not_count) {
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2, 192.0.2.1"}, kTrusted), "192.0.2.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2", "192.0.2.1"}, kTrusted), "192.0.2.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2, 192.0.2.1, 10.2.0.9"}, kTrusted), "192.0.2.1");
}

TEST(Forwarded, what_is_no_address_ends_the_search_at_the_proxy_that_sent_it) {
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2, unknown"}, kTrusted), "10.2.0.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2, "}, kTrusted), "10.2.0.1");
  EXPECT_EQ(clientAddress("10.2.0.1", {"10.64.0.2, 192.0.2.1:80"}, kTrusted), "10.2.0.1");
}

}  // namespace
