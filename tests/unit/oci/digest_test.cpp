#include "oci/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace rha::oci {
namespace {

TEST(Digest, ParsesBothAlgorithms) {
  const std::string short_ = "sha256:" + std::string(64, 'a');
  const std::string long_ = "sha512:" + std::string(128, '0');
  ASSERT_TRUE(Digest::parse(short_).ok());
  EXPECT_EQ(Digest::parse(short_)->algorithm(), HashAlgorithm::Sha256);
  EXPECT_EQ(Digest::parse(short_)->hex(), std::string(64, 'a'));
  EXPECT_EQ(Digest::parse(long_)->algorithm(), HashAlgorithm::Sha512);
  EXPECT_EQ(Digest::parse(long_)->text(), long_);
}

TEST(Digest, RefusesTheRestAndSaysWhatIsWrong) {
  const auto problem = [](const std::string& text) {
    auto result = Digest::parse(text);
    return result.ok() ? "" : result.error();
  };
  const std::string hex(64, 'a');
  EXPECT_NE(problem("").find("it has no algorithm"), std::string::npos);
  EXPECT_NE(problem(hex).find("it has no algorithm"), std::string::npos);
  EXPECT_NE(problem("md5:" + hex).find("unsupported algorithm"), std::string::npos);
  EXPECT_NE(problem("SHA256:" + hex).find("unsupported algorithm"), std::string::npos);
  EXPECT_NE(problem("sha256:" + hex + "a").find("65 characters after the colon"), std::string::npos);
  EXPECT_NE(problem("sha512:" + hex).find("64 characters after the colon"), std::string::npos);
  EXPECT_NE(problem("sha256:A" + hex.substr(1)).find("character 8 is not a lower-case hex digit"), std::string::npos);
  EXPECT_NE(problem("sha256:" + hex.substr(1) + "/").find("character 71 is not"), std::string::npos);
  EXPECT_LT(problem("sha256:" + std::string(100000, 'a')).size(), 400U);
}

TEST(Digest, IsThatOfTheBytes) {
  EXPECT_EQ(Digest::of("").text(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest::of("abc", HashAlgorithm::Sha512).hex().substr(0, 16), "ddaf35a193617aba");
  EXPECT_EQ(Digest::of("{}"), *Digest::parse(Digest::of("{}").text()));
}

TEST(Digest, ComparesAndHashesByItsText) {
  const auto one = Digest::of("1");
  const auto two = Digest::of("2");
  EXPECT_NE(one, two);
  EXPECT_EQ(one < two, one.text() < two.text());
  EXPECT_EQ((std::unordered_set<Digest>{one, two, one}.size()), 2U);
}

TEST(Digest, NamesItsAlgorithms) {
  EXPECT_EQ(toString(HashAlgorithm::Sha256), "sha256");
  EXPECT_EQ(parseAlgorithm("sha512"), HashAlgorithm::Sha512);
  EXPECT_FALSE(parseAlgorithm("sha1"));
}

}  // namespace
}  // namespace rha::oci
