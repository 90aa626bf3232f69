#include "access/password_hash.h"

#include "access_fixture.h"

namespace {

using rha::access::hashFault;
using rha::access::passwordMatches;

TEST(PasswordHash, every_scheme_of_the_examples_takes_the_right_password_only) {
  const auto document = rha::test::accessOf(rha::test::accessText("newer.yaml"));
  ASSERT_EQ(document.accounts.size(), 5U);  // SHA-512, $apr1$, yescrypt, bcrypt, SHA-256
  for (const auto& account : document.accounts) {
    const std::string& hash = account.passwordHashes.front();
    EXPECT_TRUE(passwordMatches(account.name + "-secret", hash)) << account.name;
    EXPECT_FALSE(passwordMatches(account.name + "-secre", hash)) << account.name;
    EXPECT_FALSE(passwordMatches("", hash)) << account.name;
    EXPECT_FALSE(passwordMatches(account.name + "-secret" + std::string(1, '\0'), hash)) << account.name;
    EXPECT_FALSE(passwordMatches(std::string(600, 'x'), hash)) << account.name;
  }
}

TEST(PasswordHash, what_is_no_hash_matches_nothing) {
  for (const char* hash : {"", "*", "!", "x", "$6$", "$1$salt$abc", "$6$salt$short", "plain-text", "$y$j75$$"}) {
    EXPECT_TRUE(hashFault(hash)) << hash;
    EXPECT_FALSE(passwordMatches(hash, hash)) << hash;
    EXPECT_FALSE(passwordMatches("", hash)) << hash;
  }
}

TEST(PasswordHash, a_hash_that_would_keep_the_processors_busy_is_refused) {
  EXPECT_NE(hashFault("$6$rounds=99999999$salt$" + std::string(86, 'a'))->find("costs too much"), std::string::npos);
  EXPECT_NE(hashFault("$2b$31$" + std::string(53, 'a'))->find("costs too much"), std::string::npos);
  EXPECT_NE(hashFault("$y$jFT$saltsalt$" + std::string(43, 'a'))->find("costs too much"), std::string::npos);
  EXPECT_EQ(hashFault("$y$j9T$saltsaltsalt$" + std::string(43, 'a')), std::nullopt);
}

TEST(PasswordHash, the_cost_is_that_of_scheme_and_parameters) {
  using rha::access::hashCost;
  EXPECT_EQ(hashCost("$6$salt$x"), "$6$rounds=5000");
  EXPECT_EQ(hashCost("$6$rounds=5000$salt$x"), hashCost("$6$other$y"));
  EXPECT_EQ(hashCost("$5$rounds=1000$salt$x"), "$5$rounds=1000");
  EXPECT_EQ(hashCost("$2b$12$abc"), "$2b$12");
  EXPECT_EQ(hashCost("$y$j9T$salt$x"), "$y$j9T");
  EXPECT_EQ(hashCost("$apr1$salt$x"), "$apr1$");
}

}  // namespace
