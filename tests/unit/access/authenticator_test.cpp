#include "access/authenticator.h"

#include <chrono>

#include "access_fixture.h"

namespace {

using namespace std::chrono_literals;
using rha::access::Authenticator;
using rha::access::LoginLimits;
using rha::access::LoginThrottle;
using rha::access::parseBasic;
using Outcome = Authenticator::Outcome;

constexpr const char* kFrom = "192.0.2.1";

class AuthenticatorTest : public testing::Test {
 protected:
  static LoginLimits quick() {
    LoginLimits limits;
    limits.interval = 20ms;
    limits.patience = 100ms;
    limits.records = 8;
    return limits;
  }
  LoginThrottle throttle{quick()};
  rha::access::AccessDocument document = rha::test::accessOf(rha::test::accessText("newer.yaml"));
  Authenticator authenticator{document.accounts, throttle};

  void guess(int count, const std::string& account = "ci-build", const std::string& from = kFrom) {
    for (int i = 0; i < count; ++i) {
      authenticator.verify(account, "wrong" + std::to_string(++guesses), from);
    }
  }
  int guesses = 0;  // each with another password
};

TEST_F(AuthenticatorTest, an_account_passes_with_its_password_only) {
  EXPECT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  EXPECT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  EXPECT_EQ(authenticator.verify("ci-build", "prod-build-secret", kFrom), Outcome::Wrong);
  EXPECT_EQ(authenticator.verify("prod-build", "ci-build-secret", kFrom), Outcome::Wrong);
  EXPECT_EQ(authenticator.verify("nobody", "ci-build-secret", kFrom), Outcome::Wrong);
  EXPECT_EQ(authenticator.verify("ci-build", "", kFrom), Outcome::Wrong);
}

TEST_F(AuthenticatorTest, the_old_and_the_new_password_pass_during_a_rotation) {
  document.accounts[0].passwordHashes.push_back(document.accounts[1].passwordHashes[0]);
  const Authenticator rotating(document.accounts, throttle);
  EXPECT_EQ(rotating.verify("ci-restricted", "ci-restricted-secret", kFrom), Outcome::Right);
  EXPECT_EQ(rotating.verify("ci-restricted", "ci-build-secret", kFrom), Outcome::Right);
}

TEST_F(AuthenticatorTest, wrong_passwords_are_slowed_and_the_right_one_passes) {
  guess(5);
  const auto began = std::chrono::steady_clock::now();
  guess(10);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 9 * 20ms);
  EXPECT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
}

TEST_F(AuthenticatorTest, a_remembered_password_passes_at_once_during_a_flood_of_wrong_ones) {
  ASSERT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  guess(10);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 100 * 20ms);
}

TEST_F(AuthenticatorTest, wrong_passwords_from_elsewhere_slow_nobody_here) {
  guess(10, "ci-build", "192.0.2.66");
  const auto began = std::chrono::steady_clock::now();
  guess(4);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4 * 20ms);
}

TEST_F(AuthenticatorTest, guesses_from_many_addresses_do_not_lock_the_account_out) {
  for (int i = 0; i < 40; ++i) {
    guess(1, "ci-build", "198.51.100." + std::to_string(i));
  }
  EXPECT_EQ(authenticator.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
}

TEST(BasicCredentials, are_taken_apart_at_the_first_colon) {
  const auto credentials = parseBasic("basic Y2ktYnVpbGQ6YTpi");
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->account, "ci-build");
  EXPECT_EQ(credentials->password, "a:b");
}

TEST(BasicCredentials, what_is_malformed_is_none) {
  for (const char* text : {"", "Basic", "Basic ", "Basic !!!!", "Basic Y2k=", "Basic OmE=", "Bearer Y2ktYnVpbGQ6YTpi",
                           "BasicY2ktYnVpbGQ6YTpi"}) {
    EXPECT_FALSE(parseBasic(text)) << text;
  }
}

}  // namespace
