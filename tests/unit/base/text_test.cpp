#include "base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace rha::base {
namespace {

using namespace std::string_literals;
using Parts = std::vector<std::string_view>;

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(toHex("\x00\x7f\xff"s), "007fff");
  EXPECT_EQ(fromHex("007FfF"), "\x00\x7f\xff"s);
  EXPECT_EQ(fromHex(""), "");
  EXPECT_FALSE(fromHex("0"));
  EXPECT_FALSE(fromHex("0g"));
  EXPECT_FALSE(fromHex("g0"));
}

TEST(Base64, KnowsTheTestVectorsOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(fromBase64(encoded), plain);
    EXPECT_EQ(toBase64(plain), encoded);
    const std::string unpadded = encoded.substr(0, encoded.find('='));
    EXPECT_EQ(toBase64Url(plain), unpadded);
    EXPECT_EQ(fromBase64Url(unpadded), plain);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    EXPECT_EQ(fromBase64Url(toBase64Url(all)), all);
  }
  EXPECT_EQ(toBase64Url("\xfb\xff"), "-_8");
  EXPECT_EQ(fromBase64("+/8="), "\xfb\xff");
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"Zg=", "Zg", "Zg===", "=", "====", "Z===", "Zm9v\n", "Zm 9", "Zh==", "Zg==Zg==", "-_8="}) {
    EXPECT_FALSE(fromBase64(text)) << text;
  }
  for (const char* text : {"Zg==", "Z", "Zh", "+/8", "Zm9v=", "Zm9v "}) {
    EXPECT_FALSE(fromBase64Url(text)) << text;
  }
}

TEST(ParseUnsigned, TakesDigitsOnly) {
  EXPECT_EQ(parseUnsigned("0"), 0U);
  EXPECT_EQ(parseUnsigned("0042"), 42U);
  EXPECT_EQ(parseUnsigned("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parseUnsigned(text)) << text;
  }
}

TEST(Percent, GoesBothWays) {
  EXPECT_EQ(percentDecode("a%2Fb%00+%e4"), "a/b\0+\xe4"s);
  for (const char* text : {"%", "a%2", "%g0", "%0g", "%%41"}) {
    EXPECT_FALSE(percentDecode(text)) << text;
  }
  EXPECT_EQ(percentEncode("a/b c~\xff"), "a%2Fb%20c~%FF");
  EXPECT_EQ(percentEncode("a/b c", "/"), "a/b%20c");
}

TEST(Text, ComparesWithoutCaseInAsciiOnly) {
  EXPECT_EQ(toLower("AbZ[\xc4"), "abz[\xc4");
  EXPECT_TRUE(equalIgnoringCase("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equalIgnoringCase("a", "ab"));
  EXPECT_FALSE(equalIgnoringCase("[", "{"));
}

TEST(Text, TrimsBlanksAndTabsOnly) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim("\na"), "\na");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitsKeepingEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (Parts{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(split(",", ','), (Parts{"", ""}));
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  const Parts words = {"listen", "storage", "log_level", "tls"};
  EXPECT_EQ(nearest("lisen", words), "listen");
  EXPECT_EQ(nearest("loglevel", words), "log_level");
  EXPECT_EQ(nearest("tsl", words), "");  // two mistakes in three letters
  EXPECT_EQ(nearest("tlss", words), "tls");
  EXPECT_EQ(nearest("completely", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), {"x"}), "");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace rha::base
