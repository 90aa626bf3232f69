#include "net/tls_ticket_keys.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace rha::net {
namespace {

TEST(TicketKeys, a_key_is_renewed_and_the_one_before_is_good_for_as_long_again) {
  rha::test::FakeClock clock;
  TicketKeys keys(clock);
  const TicketKey first = keys.current();
  EXPECT_EQ(keys.current().name, first.name);
  EXPECT_TRUE(keys.find(first.name.data())->isCurrent);
  clock.advance(kTicketKeyLife);
  const TicketKey second = keys.current();
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  const auto found = keys.find(first.name.data());
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->isCurrent);
  EXPECT_EQ(found->key.cipher, first.cipher);
  clock.advance(kTicketKeyLife);
  EXPECT_FALSE(keys.find(first.name.data()).has_value());
  EXPECT_TRUE(keys.find(second.name.data()).has_value());
}

TEST(TicketKeys, a_key_nobody_made_is_not_found) {
  rha::test::FakeClock clock;
  TicketKeys keys(clock);
  const TicketKey other = TicketKeys(clock).current();
  EXPECT_FALSE(keys.find(other.name.data()).has_value());
}

}  // namespace
}  // namespace rha::net
