#include "registry/recent_links.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using rha::registry::RecentLinks;

rha::oci::RepositoryName name(const std::string& text) { return rha::oci::RepositoryName::parse(text).value(); }

std::string found(RecentLinks& links, const std::string& content, std::size_t limit = 10) {
  std::string text;
  for (const auto& repository : links.repositoriesWith(rha::oci::Digest::of(content), limit)) {
    text += repository.text() + ' ';
  }
  return text;
}

TEST(RecentLinks, NamesTheNewestFirst) {
  RecentLinks links(10);
  links.add(name("a"), rha::oci::Digest::of("x"));
  links.add(name("b"), rha::oci::Digest::of("x"));
  links.add(name("a"), rha::oci::Digest::of("x"));
  links.add(name("c"), rha::oci::Digest::of("y"));
  EXPECT_EQ(found(links, "x"), "b a ");
  EXPECT_EQ(found(links, "x", 1), "b ");
  EXPECT_EQ(found(links, "y"), "c ");
  EXPECT_EQ(found(links, "z"), "");
}

TEST(RecentLinks, ForgetsTheOldest) {
  RecentLinks links(2);
  links.add(name("a"), rha::oci::Digest::of("x"));
  links.add(name("b"), rha::oci::Digest::of("x"));
  links.add(name("c"), rha::oci::Digest::of("y"));
  EXPECT_EQ(found(links, "x"), "b ");
  links.add(name("d"), rha::oci::Digest::of("y"));
  EXPECT_EQ(found(links, "x"), "");
  EXPECT_EQ(found(links, "y"), "d c ");
}

}  // namespace
