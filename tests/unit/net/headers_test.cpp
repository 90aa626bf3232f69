#include "net/headers.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace rha::net {
namespace {

TEST(HeadersTest, NamesCompareWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  EXPECT_EQ(headers.find("content-TYPE"), "text/plain");
  EXPECT_EQ(headers.find("Content-Typ"), std::nullopt);
}

TEST(HeadersTest, KeepsSeveralFieldsOfANameInOrder) {
  Headers headers;
  headers.add("Link", "a");
  headers.add("X", "y");
  headers.add("link", "b");
  EXPECT_EQ(headers.all("LINK"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(headers.find("Link"), "a");
}

TEST(HeadersTest, SetReplacesAllFieldsOfThatName) {
  Headers headers;
  headers.add("A", "1");
  headers.add("a", "2");
  headers.set("A", "3");
  EXPECT_EQ(headers.all("a"), std::vector<std::string_view>{"3"});
  headers.remove("A");
  EXPECT_TRUE(headers.fields().empty());
}

TEST(HeadersTest, RefusesWhatWouldInjectAField) {
  Headers headers;
  EXPECT_THROW(headers.add("A", "b\r\nC: d"), std::invalid_argument);
  EXPECT_THROW(headers.add("A\n", "b"), std::invalid_argument);
  EXPECT_THROW(headers.set("A", std::string("b\0c", 3)), std::invalid_argument);
  EXPECT_TRUE(headers.fields().empty());
}

}  // namespace
}  // namespace rha::net
