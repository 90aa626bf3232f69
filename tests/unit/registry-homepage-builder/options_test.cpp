#include "apps/registry-homepage-builder/options.h"

#include <gtest/gtest.h>

namespace rha::homepage {
namespace {

using Words = std::vector<const char*>;

Options parsed(const Words& words) { return parseOptions(words).value(); }
std::string refused(const Words& words) {
  const auto options = parseOptions(words);
  return options ? "(taken)" : options.error();
}

TEST(HomepageOptions, withoutARegistryItIsTheOneOfThisHost) {
  EXPECT_TRUE(parsed({}).registries.empty());
  EXPECT_FALSE(parsed({}).path);
  const Options options = parsed({"--config", "/etc/x.yaml", "/srv/site"});
  EXPECT_EQ(options.path, "/srv/site");
  EXPECT_EQ(options.config, "/etc/x.yaml");
}

TEST(HomepageOptions, theOldCommandLineIsKept) {
  const Options options = parsed({"a.example:5000", "--debug", "b.example", "/srv/site", "--css", "/x.css"});
  EXPECT_EQ(options.registries, (std::vector<std::string>{"a.example:5000", "b.example"}));
  EXPECT_EQ(options.path, "/srv/site");
  EXPECT_EQ(options.css, "/x.css");
  EXPECT_TRUE(options.debug);
  EXPECT_EQ(parsed({"--css=/x.css"}).css, "/x.css");
}

TEST(HomepageOptions, mistakesAreNamed) {
  EXPECT_EQ(refused({"--nmae", "x"}), "unknown option \"--nmae\"; did you mean --name?");
  EXPECT_EQ(refused({"--css"}), "--css needs FILE");
  EXPECT_EQ(refused({"--debug=1"}), "--debug takes no value");
  EXPECT_EQ(refused({"--requests", "0"}), "--requests must be between 1 and 64, not \"0\"");
  EXPECT_EQ(refused({""}), "PATH is empty");
}

TEST(HomepageOptions, everyOptionIsInHelpAndManual) {
  const std::string help = helpText();
  const std::string manual = manPage();
  for (const char* name : {"config", "name", "css", "requests", "replace", "debug"}) {
    EXPECT_NE(help.find("--" + std::string(name)), std::string::npos) << name;
    EXPECT_NE(manual.find("\\-\\-" + std::string(name)), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace rha::homepage
