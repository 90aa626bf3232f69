#include "base/debian_version.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

namespace {

using rha::base::compareDebianVersions;

std::string signOf(std::string_view a, std::string_view b) {
  const auto order = compareDebianVersions(a, b);
  return order < 0 ? "<" : order > 0 ? ">" : "=";
}

struct Case {
  const char* a;
  const char* sign;
  const char* b;
};

// Each line was confirmed with `dpkg --compare-versions`.
constexpr std::array<Case, 34> kCases{{
    {"1", "<", "2"},
    {"9", "<", "10"},
    {"1.9", "<", "1.10"},
    {"1.0", "=", "1.00"},
    {"1.0", "=", "1.0-0"},
    {"1.0", "<", "1.0-1"},
    {"1.0-1", "<", "1.0-2"},
    {"1.0-9", "<", "1.0-10"},
    {"1.0~rc1", "<", "1.0"},
    {"1.0~rc1", "<", "1.0~rc2"},
    {"1.0~~", "<", "1.0~"},
    {"1.0~", "<", "1.0"},
    {"1.0", "<", "1.0a"},
    {"1.0a", "<", "1.0b"},
    {"1.0a", "<", "1.0+"},
    {"1.0A", "<", "1.0a"},
    {"1.0", "<", "1.0.1"},
    {"1.0.a", ">", "1.0.1"},
    {"1:0.1", ">", "9.9"},
    {"1:1", "<", "2:0"},
    {"0:1", "=", "1"},
    {"01:1", "=", "1:1"},
    {"1.0-1-2", "<", "1.0-1-10"},
    {"1.0-a-1", "<", "1.0-b-0"},
    {"2024-01-02-093000", "<", "2024-01-10-080000"},
    {"2024-01-10", "<", "2024-01-02-093000"},
    {"1.2.3", "<", "1.2.3-20240101"},
    {"1.2.3-20240101", "<", "1.2.3-20240102"},
    {"1.0", "<", "1.0.0"},
    {"18446744073709551616", "<", "18446744073709551617"},
    {"00000000000000000000001", "<", "2"},
    {"1a", "<", "1b1"},
    {"1.0+b1", "<", "1.0+b2"},
    {"1.0+dfsg", ">", "1.0"},
}};

TEST(DebianVersion, ordersAsDpkgDoes) {
  for (const Case& each : kCases) {
    EXPECT_EQ(signOf(each.a, each.b), each.sign) << each.a << " and " << each.b;
    const std::string turned = *each.sign == '<' ? ">" : *each.sign == '>' ? "<" : "=";
    EXPECT_EQ(signOf(each.b, each.a), turned) << each.b << " and " << each.a;
  }
}

TEST(DebianVersion, takesWhatIsNoVersion) {
  EXPECT_EQ(signOf("", ""), "=");
  EXPECT_EQ(signOf("", "1"), "<");
  EXPECT_EQ(signOf("latest", "1.0"), ">");
  EXPECT_EQ(signOf("main", "latest"), ">");
  EXPECT_EQ(signOf("v1.9", "v1.10"), "<");
  EXPECT_EQ(signOf("a_1", "a_2"), "<");
  EXPECT_EQ(signOf(":1", "1"), ">");
  EXPECT_EQ(signOf("x:1", "x:2"), "<");
  EXPECT_EQ(signOf("-", "-"), "=");
  EXPECT_EQ(signOf("\xff", "a"), ">");
}

std::string randomVersion(std::mt19937& random) {
  constexpr std::string_view kAlphabet = "0019azAZ.+~--";
  std::string text(1, static_cast<char>('0' + random() % 10));
  for (auto left = random() % 8; left > 0; --left) {
    text += kAlphabet[random() % kAlphabet.size()];
  }
  // A revision may not be empty: dpkg refuses it.
  return text.back() == '-' ? text + '1' : text;
}

TEST(DebianVersion, isAnOrder) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::string a = randomVersion(random);
    const std::string b = randomVersion(random);
    const std::string c = randomVersion(random);
    ASSERT_EQ(signOf(a, a), "=") << a;
    ASSERT_EQ(signOf(a, b) == "<", signOf(b, a) == ">") << a << ' ' << b;
    if (compareDebianVersions(a, b) <= 0 && compareDebianVersions(b, c) <= 0) {
      ASSERT_TRUE(compareDebianVersions(a, c) <= 0) << a << ' ' << b << ' ' << c;
    }
  }
}

// With the real one, where it is (it is essential on Debian).
TEST(DebianVersion, agreesWithDpkgOnRandomVersions) {
  if (std::system("dpkg --compare-versions 1 lt 2 2>/dev/null") != 0) {
    GTEST_SKIP() << "there is no dpkg";
  }
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    const std::string a = randomVersion(random);
    const std::string b = randomVersion(random);
    const std::string sign = signOf(a, b);
    const std::string relation = sign == "<" ? "lt" : sign == ">" ? "gt" : "eq";
    EXPECT_EQ(std::system(("dpkg --compare-versions '" + a + "' " + relation + " '" + b + "' 2>/dev/null").c_str()), 0)
        << a << ' ' << sign << ' ' << b;
  }
}

}  // namespace
