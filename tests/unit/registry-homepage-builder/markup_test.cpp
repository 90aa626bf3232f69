#include "apps/registry-homepage-builder/markup.h"

#include <gtest/gtest.h>

#include "catalogue_language.h"

namespace rha::homepage {
namespace {

using test::name;

TEST(Markup, nothingThatIsMarkupPasses) {
  EXPECT_EQ(escape("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(escape("\" onmouseover=\"x"), "&quot; onmouseover=&quot;x");
  EXPECT_EQ(escape("a&amp;b"), "a&amp;amp;b");
  EXPECT_EQ(escape("plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x90\xB3\n\t"),
            "plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x90\xB3\n\t");
}

TEST(Markup, controlAndDirectionCharactersAreReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escape(std::string("a\0b\x1B[31m\x7F", 9)), "a" + mark + "b" + mark + "[31m" + mark);
  EXPECT_EQ(escape("safe\xE2\x80\xAE"
                   "exe.txt"),
            "safe" + mark + "exe.txt");
  EXPECT_EQ(escape("\xC2\x85"), mark);
}

TEST(Markup, bytesThatAreNoUtf8AreReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escape("a\xFF"), "a" + mark);
  EXPECT_EQ(escape("\xC0\xBC"), mark + mark);             // "<" in two bytes
  EXPECT_EQ(escape("\xED\xA0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(escape("\xE2\x82"), mark + mark);             // cut
}

TEST(Markup, textIsCutBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc\xE2\x80\xA6");
  EXPECT_EQ(shortened("ab\xC3\xA4", 3), "ab\xE2\x80\xA6");
}

TEST(Markup, aPageLiesWhereItsImageIsNamed) {
  EXPECT_EQ(pageFolder(name("alpine")), "alpine/tags/");
  EXPECT_EQ(pageFolder(name("a/tags/b")), "a/tags/b/tags/");
}

TEST(Markup, noImageTakesThePlaceOfAFileOfTheSite) {
  EXPECT_EQ(pageFolder(name("style.css")), "_style.css/tags/");
  EXPECT_EQ(pageFolder(name("a/tags/index.html/b")), "a/tags/_index.html/b/tags/");
  EXPECT_EQ(pageFolder(name("v2/x")), "_v2/x/tags/");
  EXPECT_EQ(pageFolder(name("catalog.json")), "_catalog.json/tags/");
}

TEST(Markup, sizesAreForPeople) {
  EXPECT_EQ(humanSize(0), "\xE2\x80\x93");
  EXPECT_EQ(humanSize(999), "999 B");
  EXPECT_EQ(humanSize(1000), "1.0 kB");
  EXPECT_EQ(humanSize(9'960'000), "10 MB");
  EXPECT_EQ(humanSize(999'600), "1.0 MB");
  EXPECT_EQ(humanSize(9'400'000'000), "9.4 GB");
  EXPECT_EQ(humanSize(~0ULL), "18447 PB");
}

TEST(Markup, timesAreForPeopleAndPrograms) {
  EXPECT_EQ(timeElement(test::at(0)), "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13</time>");
  EXPECT_EQ(timeElement(std::nullopt), "\xE2\x80\x93");
}

}  // namespace
}  // namespace rha::homepage
