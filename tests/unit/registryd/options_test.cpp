#include "apps/registryd/options.h"

#include <gtest/gtest.h>

#include <vector>

#include "apps/registryd/manual.h"
#include "config/settings_text.h"

namespace rha::registryd {
namespace {

using Words = std::vector<const char*>;

std::string fault(const Words& words) {
  auto options = parseOptions(words);
  return options ? "" : options.error();
}

TEST(CommandLine, without_a_word_the_registry_serves_with_the_default_settings) {
  const auto options = parseOptions({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->task, Task::Serve);
  EXPECT_EQ(options->config, std::nullopt);
}

TEST(CommandLine, names_the_settings_file_in_either_form) {
  EXPECT_EQ(parseOptions(Words{"--config", "/a.yaml"})->config, "/a.yaml");
  EXPECT_EQ(parseOptions(Words{"--config=/a.yaml"})->config, "/a.yaml");
}

TEST(CommandLine, checks_the_named_file_or_the_default_one) {
  for (const Words& words : {Words{"--check-config", "/a.yaml"}, Words{"--config", "/a.yaml", "--check-config"},
                             Words{"--check-config", "--config", "/a.yaml"}}) {
    const auto options = parseOptions(words);
    ASSERT_TRUE(options.ok());
    EXPECT_EQ(options->task, Task::CheckConfig);
    EXPECT_EQ(options->config, "/a.yaml");
  }
  EXPECT_EQ(parseOptions(Words{"--check-config"})->config, std::nullopt);
}

TEST(CommandLine, says_what_is_wrong_with_it) {
  EXPECT_EQ(fault({"--chek-config"}), "unknown option \"--chek-config\" (did you mean --check-config?)");
  EXPECT_EQ(fault({"serve"}), "unexpected argument \"serve\"");
  EXPECT_EQ(fault({"--config"}), "--config needs a file name");
  EXPECT_EQ(fault({"--config", "--help"}), "--config needs a file name");
  EXPECT_EQ(fault({"--config="}), "the name of the settings file is empty");
  EXPECT_EQ(fault({"--config", "a", "--check-config", "b"}), "more than one settings file is named");
  EXPECT_EQ(fault({"--version=1"}), "--version takes no argument");
  EXPECT_EQ(fault({"--check-config", "--rebuild-index"}),
            "--rebuild-index does not go together with the options before it");
}

TEST(CommandLine, help_and_manual_name_every_option) {
  const std::string manual = manPage("1.2");
  EXPECT_TRUE(manual.starts_with(".TH REGISTRYD 8 "));
  for (const OptionRow& row : allOptions()) {
    EXPECT_NE(helpText().find("  " + std::string(row.name)), std::string::npos) << row.name;
    EXPECT_NE(manual.find(config::escapeRoff(row.help)), std::string::npos) << row.name;
  }
}

}  // namespace
}  // namespace rha::registryd
