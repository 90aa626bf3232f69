#include "oci/names.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace rha::oci {
namespace {

std::string nameProblem(std::string_view text) {
  auto result = RepositoryName::parse(text);
  return result.ok() ? "" : result.error();
}

TEST(RepositoryName, AcceptsWhatTheSpecificationAllows) {
  for (const char* text : {"a", "0", "library/debian", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "wikimedia/x-1",
                           "a.b_c__d--e/f"}) {
    const auto name = RepositoryName::parse(text);
    ASSERT_TRUE(name.ok()) << name.error();
    EXPECT_EQ(name->text(), text);
  }
}

TEST(RepositoryName, RefusesTheRestAndSaysWhere) {
  EXPECT_EQ(nameProblem(""), "repository name \"\": it is empty");
  EXPECT_EQ(nameProblem("foo/Bar"), "repository name \"foo/Bar\": character 5: upper-case letters are not allowed");
  for (const char* text : {"/",    "/a",     "a/", "a//b", ".a",  "a.",  "a..b", "a___b", "a_-b",  "-a", "a-",
                           "a/_b", "a/../b", "..", "a b",  "a\n", "a:b", "a@b",  "é",     "a%2fb", "a+b"}) {
    EXPECT_NE(nameProblem(text), "") << text;
  }
  EXPECT_NE(nameProblem(std::string_view("a\0b", 3)), "");
}

TEST(RepositoryName, IsAtMost255CharactersLong) {
  EXPECT_EQ(nameProblem(std::string(255, 'a')), "");
  const std::string problem = nameProblem(std::string(256, 'a'));
  EXPECT_NE(problem.find("longer than 255"), std::string::npos);
  EXPECT_LT(problem.size(), 300U);
}

// Every text of up to six characters from an alphabet with one of each kind.
TEST(RepositoryName, AgreesWithTheRegularExpressionOfTheSpecification) {
  const std::regex grammar("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
  const std::string alphabet = "a._-/A";
  for (int length = 1; length <= 6; ++length) {
    std::string text(static_cast<std::size_t>(length), alphabet.front());
    for (bool more = true; more;) {
      EXPECT_EQ(RepositoryName::parse(text).ok(), std::regex_match(text, grammar)) << text;
      more = false;
      for (auto& c : text) {
        const std::size_t next = alphabet.find(c) + 1;
        c = alphabet[next % alphabet.size()];
        if (next < alphabet.size()) {
          more = true;
          break;
        }
      }
    }
  }
}

TEST(Tag, FollowsTheSpecification) {
  for (const char* text : {"latest", "v1.2.3", "_", "A", "2026-11-23-ff", "a..b--c__"}) {
    ASSERT_TRUE(Tag::parse(text).ok()) << text;
    EXPECT_EQ(Tag::parse(text)->text(), text);
  }
  for (const char* text : {"", ".a", "-a", "a/b", "a b", "a:b", "ä", "a+b"}) {
    EXPECT_FALSE(Tag::parse(text).ok()) << text;
  }
  EXPECT_TRUE(Tag::parse(std::string(128, 'x')).ok());
  EXPECT_FALSE(Tag::parse(std::string(129, 'x')).ok());
  EXPECT_EQ(Tag::parse("a b").error(), "tag \"a b\": character 2: only letters, digits, '_', '.' and '-' are allowed");
}

TEST(Reference, IsADigestWhenThereIsAColon) {
  const std::string digest = "sha256:" + std::string(64, '0');
  const auto byDigest = Reference::parse(digest);
  ASSERT_TRUE(byDigest.ok());
  EXPECT_EQ(byDigest->tag(), nullptr);
  ASSERT_NE(byDigest->digest(), nullptr);
  EXPECT_EQ(byDigest->text(), digest);
  const auto byTag = Reference::parse("latest");
  ASSERT_TRUE(byTag.ok());
  EXPECT_EQ(byTag->digest(), nullptr);
  EXPECT_EQ(byTag->text(), "latest");
}

TEST(Reference, SaysWhichOfTheTwoWasMalformed) {
  EXPECT_EQ(Reference::parse("sha256:0").error().kind, Reference::Kind::Digest);
  EXPECT_EQ(Reference::parse("-x").error().kind, Reference::Kind::Tag);
}

TEST(Names, QuoteHostileTextHarmlesslyInErrors) {
  const std::string problem = nameProblem("a\"\\\n\x1b\xff");
  EXPECT_NE(problem.find(R"("a\"\\\x0a\x1b\xff")"), std::string::npos) << problem;
}

}  // namespace
}  // namespace rha::oci
