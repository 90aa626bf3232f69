#include "access/authenticator.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

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
    limits.addressInterval = 10ms;
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

TEST_F(AuthenticatorTest, the_same_asked_by_many_at_once_is_checked_once) {
  LoginLimits limits;
  limits.atOnce = 1;
  limits.waiting = 0;
  LoginThrottle narrow(limits);
  const Authenticator own(document.accounts, narrow);
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      const std::string from = "192.0.2." + std::to_string(i);
      right += own.verify("ci-build", "ci-build-secret", from) == Outcome::Right ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(right, 16);
}

TEST_F(AuthenticatorTest, one_address_cannot_hold_all_the_places) {
  LoginLimits limits;
  limits.atOnce = 1;
  limits.perAddress = 2;
  limits.patience = 3s;
  LoginThrottle narrow(limits);
  const auto checking = narrow.enter("192.0.2.1", "a");
  ASSERT_TRUE(checking);
  std::atomic<int> refusedAtOnce = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_FALSE(narrow.enter("192.0.2.1", "b"));
      refusedAtOnce += std::chrono::steady_clock::now() - began < 2s ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(refusedAtOnce, 3) << "one waited until its patience ended, the others had no place to wait";
}

// Every account, known or not, is checked against hashes of the same costs.
TEST_F(AuthenticatorTest, an_unknown_account_costs_as_much_as_a_known_one_of_any_scheme) {
  // One account of a dear scheme, one of a cheap one: the difference is far above what a busy machine adds.
  document.accounts[0].passwordHashes = {"$6$rounds=200000$saltsaltsaltsalt$" + std::string(86, 'a')};
  document.accounts[1].passwordHashes = {"$apr1$saltsalt$" + std::string(22, 'a')};
  document.accounts.resize(2);
  const auto cost = [&](const std::string& account) {
    // The fastest of some, each in processor time of this thread.
    auto least = std::chrono::nanoseconds::max();
    for (int i = 0; i < 5; ++i) {
      LoginThrottle fresh(quick());
      const Authenticator own(document.accounts, fresh);
      timespec before{};
      timespec after{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
      own.verify(account, "wrong", kFrom);
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
      least = std::min(least, std::chrono::nanoseconds((after.tv_sec - before.tv_sec) * 1'000'000'000 +
                                                       (after.tv_nsec - before.tv_nsec)));
    }
    return std::chrono::duration<double>(least).count();
  };
  const double dear = cost(document.accounts[0].name);
  EXPECT_NEAR(cost(document.accounts[1].name) / dear, 1.0, 0.3);
  EXPECT_NEAR(cost("nobody") / dear, 1.0, 0.3);
}

// With an interval beyond the patience, whoever is slowed is turned away: no clock need be looked at.
class SlowedTest : public AuthenticatorTest {
 protected:
  static LoginLimits slow() {
    LoginLimits limits;
    limits.interval = 60s;
    limits.addressInterval = 60s;
    limits.patience = 10s;
    return limits;
  }
  LoginThrottle slowThrottle{slow()};
  Authenticator slowed{document.accounts, slowThrottle};

  Outcome guessAt(const std::string& account, const std::string& from) {
    return slowed.verify(account, "wrong" + std::to_string(++guesses), from);
  }
  // Wrong passwords until one is turned away.
  int guessesLeft(const std::string& account, const std::string& from) {
    int count = 0;
    while (count < 100 && guessAt(account, from) == Outcome::Wrong) {
      ++count;
    }
    return count;
  }
};

TEST_F(SlowedTest, a_remembered_password_passes_during_a_flood_of_wrong_ones) {
  ASSERT_EQ(slowed.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  EXPECT_EQ(guessesLeft("ci-build", kFrom), 6) << "five, and the first of those that take turns";
  EXPECT_EQ(slowed.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
  EXPECT_EQ(slowed.verify("prod-build", "prod-build-secret", kFrom), Outcome::Right) << "another account";
}

TEST_F(SlowedTest, wrong_passwords_from_elsewhere_slow_nobody_here) {
  guessesLeft("ci-build", "192.0.2.66");
  EXPECT_EQ(guessAt("ci-build", kFrom), Outcome::Wrong);
  EXPECT_EQ(slowed.verify("ci-build", "ci-build-secret", kFrom), Outcome::Right);
}

TEST_F(SlowedTest, wrong_passwords_for_ever_other_accounts_slow_their_address) {
  int count = 0;
  while (count < 100 && guessAt("account" + std::to_string(count), "2001:db8::1") == Outcome::Wrong) {
    ++count;
  }
  EXPECT_EQ(count, 21);
  EXPECT_EQ(guessAt("ci-build", "2001:db8::2"), Outcome::TooMany) << "the same /64";
  EXPECT_EQ(guessAt("ci-build", "2001:db8:0:1::1"), Outcome::Wrong);
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
