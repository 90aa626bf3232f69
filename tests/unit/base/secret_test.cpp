#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <regex>
#include <set>

#include "base/text.h"

namespace rha::base {
namespace {

static_assert(!std::convertible_to<Secret, std::string> && !std::convertible_to<Secret, std::string_view>);
template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Secret>);

TEST(Secret, KeepsItsTextThroughCopiesAndMoves) {
  const std::string text = "a secret long enough to live on the heap";
  Secret one(text);
  Secret two = one;
  Secret three = std::move(one);
  Secret four("old");
  four = two;
  Secret five("older");
  five = std::move(two);
  for (const Secret* secret : {&three, &four, &five}) {
    EXPECT_EQ(secret->reveal(), text);
  }
  EXPECT_TRUE(Secret().empty());
  Secret& self = four;
  four = self;
  EXPECT_EQ(four.reveal(), text);
}

TEST(EqualConstantTime, ComparesBytes) {
  EXPECT_TRUE(equalConstantTime("", ""));
  EXPECT_TRUE(equalConstantTime("abc", "abc"));
  EXPECT_FALSE(equalConstantTime("abc", "abd"));
  EXPECT_FALSE(equalConstantTime("abc", "ab"));
  EXPECT_FALSE(equalConstantTime("", "a"));
}

TEST(HmacSha256, KnowsTheTestVectorsOfRfc4231) {
  EXPECT_EQ(toHex(hmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(toHex(hmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(toHex(hmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesEmptyKeysAndMessages) {
  EXPECT_EQ(toHex(hmacSha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(RandomBytes, DoNotRepeat) {
  EXPECT_EQ(randomBytes(0), "");
  EXPECT_EQ(randomBytes(1000).size(), 1000U);
  EXPECT_NE(randomBytes(16), randomBytes(16));
}

TEST(RandomUuid, IsOfVersion4AndDoesNotRepeat) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = randomUuid();
    EXPECT_TRUE(std::regex_match(uuid, shape)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

}  // namespace
}  // namespace rha::base
