#include "config/settings_text.h"

#include <gtest/gtest.h>

#include <set>

#include "config/settings_check.h"

namespace rha::config {
namespace {

std::optional<std::string> anyText(std::string_view) { return std::nullopt; }

const ValueChecks kAnything{anyText, anyText};

TEST(SettingsText, the_dump_of_settings_reads_back_as_the_same_settings) {
  StartupSettings settings;
  EXPECT_EQ(*checkSettings(toYaml(settings), kAnything), settings);

  settings.http.listen = {"[::1]:80", "*:5000"};
  settings.http.debugListen = "";
  settings.http.relativeLocations = false;
  settings.http.headDeadline = std::chrono::milliseconds(1500);
  settings.storage.filesystem.root = "/srv/a: #odd\\ \"name\"";
  settings.limits.blobBytes = 5'000'000'001;
  settings.http.tls = {{"*:443"}, {"/c: 1", "/k"}, {{"/c2", "/k2"}, {"/c3", "/k3"}}, "1.3"};
  settings.http.proxyProtocol.from = {"10.0.0.0/8", "fd00::/8"};
  settings.storageRoutes = {{"ml", {"ml", "a/b"}, {}}, {"closed", {"restricted"}, {}}, {"far", {"far"}, {}}};
  settings.storageRoutes[2].storage.driver = "s3";
  settings.storageRoutes[2].storage.s3.bucket = "b";
  settings.storageRoutes[2].storage.s3.credentialsFile = "/s3";
  settings.storageRoutes[2].storage.s3.pathStyle = true;
  settings.storageRoutes[0].storage.filesystem.root = "/srv/ml";
  settings.storageRoutes[1].storage.driver = "swift";
  auto& swift = settings.storageRoutes[1].storage.swift;
  swift.authUrl = "https://swift/auth/v1.0";
  swift.user = "a:b";
  swift.passwordFile = "/p";
  swift.container = "c";
  swift.segmentBytes = 64U << 20U;
  auto again = checkSettings(toYaml(settings), kAnything);
  ASSERT_TRUE(again.ok()) << toYaml(settings);
  EXPECT_EQ(*again, settings);
}

TEST(SettingsText, the_dump_names_every_setting) {
  EXPECT_NE(toYaml({}).find("  filesystem:\n    root: /var/lib/docker-registry-ha/storage\n"), std::string::npos)
      << toYaml({});
  EXPECT_NE(toYaml({}).find("manifest_bytes: 4MiB"), std::string::npos);
}

TEST(SettingsText, the_manual_has_a_paragraph_for_each_setting_with_its_default) {
  const std::string manual = settingsAsRoff();
  for (const Setting& setting : allSettings()) {
    EXPECT_NE(manual.find(".B " + escapeRoff(setting.path) + "\n"), std::string::npos) << setting.path;
  }
  EXPECT_NE(manual.find("a size, 1KiB to 64MiB. Default: 4MiB. Since 0.1.\n"), std::string::npos);
  EXPECT_NE(manual.find("a word: filesystem, swift, s3 or memory. Default: filesystem."), std::string::npos);
}

TEST(SettingsText, roff_cannot_be_broken_by_a_text) {
  EXPECT_EQ(escapeRoff(".x-y\\z"), "\\&.x\\-y\\ez");
  EXPECT_EQ(escapeRoff("'x.y"), "\\&'x.y");
}

TEST(SettingTable, each_row_has_a_unique_path_a_help_and_a_default_within_its_limits) {
  std::set<std::string_view> paths;
  for (const Setting& setting : allSettings()) {
    EXPECT_TRUE(paths.insert(setting.path).second) << setting.path;
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.path;
    EXPECT_FALSE(setting.since.empty()) << setting.path;
    EXPECT_EQ(setting.type == SettingType::Choice, !setting.choices.empty()) << setting.path;
  }
  EXPECT_TRUE(checkSettings(toYaml({}), kAnything).ok());
}

TEST(SettingTable, each_row_has_a_field_of_its_own) {
  StartupSettings settings;
  std::set<const void*> fields;
  for (const Setting& setting : allSettings()) {
    std::visit([&](auto field) { EXPECT_TRUE(fields.insert(&field(settings)).second) << setting.path; }, setting.field);
  }
}

}  // namespace
}  // namespace rha::config
