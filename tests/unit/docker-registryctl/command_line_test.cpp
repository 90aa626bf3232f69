#include "apps/docker-registryctl/command_line.h"

#include <gtest/gtest.h>

namespace rha::registryctl {
namespace {

base::Result<Command, UsageError> parse(const std::vector<const char*>& words) {
  return parseCommandLine(words, "1.0");
}

TEST(CommandLineTest, SwitchesListsAndTextsGoWhereTheyBelong) {
  const auto command = parse({"fsck", "--repair", "--repository", "a", "--rate=5", "--repository=b/c", "--json"});
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->action->name, "fsck");
  EXPECT_TRUE(command->options.repair);
  EXPECT_FALSE(command->options.deleteToo);
  EXPECT_EQ(command->options.repositories, (std::vector<std::string>{"a", "b/c"}));
  EXPECT_EQ(command->options.rate, "5");
  EXPECT_EQ(command->options.format, Format::Json);
}

TEST(CommandLineTest, AnOptionOfAnotherActionIsRefused) {
  const auto command = parse({"status", "--repair"});
  ASSERT_FALSE(command.ok());
  EXPECT_EQ(command.error().text, "--repair belongs to fsck, not to status");
}

TEST(CommandLineTest, ASwitchTakesNoArgument) {
  EXPECT_FALSE(parse({"fsck", "--repair=yes"}).ok());
  EXPECT_FALSE(parse({"fsck", "--rate"}).ok());
}

}  // namespace
}  // namespace rha::registryctl
