#include "config/yaml_text.h"

#include <gtest/gtest.h>

#include <string>

namespace rha::config {
namespace {

// "LINE: text" of the error; "" if there is none.
std::string faultOf(const std::string& text) {
  const auto document = loadYaml(text);
  return document ? "" : std::to_string(document.error().line) + ": " + document.error().text;
}

TEST(YamlText, an_empty_text_holds_no_document) {
  for (const char* text : {"", "\n", "# nothing\n"}) {
    const auto document = loadYaml(text);
    ASSERT_TRUE(document) << text;
    EXPECT_FALSE(*document) << text;
  }
}

TEST(YamlText, aliases_mean_what_they_name) {
  const auto document = loadYaml("a: &x [1, 2]\nb: *x\n");
  ASSERT_TRUE(document);
  EXPECT_EQ((**document)["b"][1].Scalar(), "2");
}

TEST(YamlText, a_few_lines_that_stand_for_more_than_anybody_can_read_are_refused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 15; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) {
      text += ", " + before;
    }
    text += "]\n";
  }
  EXPECT_EQ(faultOf(text),
            "6: the file has more than 200000 values, with its aliases written out; this cannot be meant");
}

TEST(YamlText, an_alias_within_what_it_names_is_refused) {
  EXPECT_EQ(faultOf("x: 1\na: &a [*a]\n"), "2: an alias stands within what it names");
  EXPECT_EQ(faultOf("a: &a {b: *a}\n"), "1: an alias stands within what it names");
  EXPECT_EQ(faultOf("a: &a [[[*a]]]\n"), "1: an alias stands within what it names");
}

TEST(YamlText, what_is_nested_too_deep_is_refused_also_by_aliases) {
  EXPECT_EQ(faultOf("a: " + std::string(18, '[') + std::string(18, ']') + "\n"), "");
  EXPECT_EQ(faultOf(std::string(21, '[') + std::string(21, ']')), "1: the file is nested deeper than 20 levels");
  EXPECT_EQ(faultOf(std::string(100'000, '[')), "1: the file is nested deeper than 20 levels");
  const std::string ten = std::string(10, '[') + "x" + std::string(10, ']');
  EXPECT_EQ(faultOf("a: &a " + ten + "\nb: " + std::string(10, '[') + "*a" + std::string(10, ']') + "\n"),
            "2: the file is nested deeper than 20 levels");
}

TEST(YamlText, many_values_without_aliases_are_counted_too) {
  std::string text = "a: [";
  for (int i = 0; i < 200'000; ++i) {
    text += "x,";
  }
  EXPECT_NE(faultOf(text + "x]").find("more than 200000 values"), std::string::npos);
}

TEST(YamlText, a_second_document_and_bad_syntax_are_errors) {
  EXPECT_EQ(faultOf("a: 1\n---\nb: 2\n"), "2: the file must hold one YAML document, not several");
  EXPECT_EQ(faultOf("a: [").substr(0, 16), "1: not valid YAM");
}

}  // namespace
}  // namespace rha::config
