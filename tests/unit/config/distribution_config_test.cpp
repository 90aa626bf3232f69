#include "config/distribution_config.h"

#include <gtest/gtest.h>

#include "config/settings_check.h"

namespace rha::config {
namespace {

constexpr const char* kFolder = "/etc/registry";

TranslatedConfig translate(std::string_view yaml) {
  auto translated = translateDistributionConfig(yaml, kFolder);
  if (!translated) {
    ADD_FAILURE() << translated.error().front().text;
    return {};
  }
  return *std::move(translated);
}

// The settings as the registry reads them; a test fails where it would refuse them.
StartupSettings settingsOf(const TranslatedConfig& translated) {
  const auto good = [](std::string_view) { return std::optional<std::string>(); };
  auto settings = checkSettings(translated.settings, {good, good});
  if (!settings) {
    ADD_FAILURE() << settings.error().front().text << "\n" << translated.settings;
    return {};
  }
  return *std::move(settings);
}

std::string noteOn(const TranslatedConfig& translated, std::string_view key) {
  for (const auto& note : translated.notes) {
    if (note.key == key) {
      return std::to_string(note.line) + ' ' + note.text;
    }
  }
  return "";
}

TEST(DistributionConfigTest, AFolderIsTakenOver) {
  const auto translated = translate(R"(version: 0.1
log: {level: debug, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: /srv/registry}
  delete: {enabled: true}
  maintenance: {uploadpurging: {age: 24h, interval: 2h}}
http:
  addr: :5000
  debug: {addr: "localhost:5001"}
)");
  const auto settings = settingsOf(translated);
  EXPECT_EQ(settings.storage.driver, "filesystem");
  EXPECT_EQ(settings.storage.filesystem.root, "/srv/registry");
  EXPECT_EQ(settings.http.listen, (std::vector<std::string>{"0.0.0.0:5000", "[::]:5000"}));
  EXPECT_EQ(settings.http.debugListen, "127.0.0.1:5001");
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_FALSE(settings.log.access);
  EXPECT_EQ(settings.uploads.purgeAfter, std::chrono::hours(24));
  EXPECT_EQ(settings.uploads.purgeInterval, std::chrono::hours(2));
  EXPECT_EQ(settings.access.file, "/etc/registry/access.yaml");
  EXPECT_TRUE(translated.access.deletes);
  EXPECT_TRUE(translated.secrets.empty());
}

TEST(DistributionConfigTest, SwiftKeepsItsPasswordOutOfTheTexts) {
  const auto translated = translate(R"(storage:
  swift:
    username: docker:registry
    password: "s3cr et"
    authurl: https://swift.example.org/auth/v1.0
    container: images
    prefix: production
    chunksize: 5242880
    insecureskipverify: true
  redirect: {disable: false}
)");
  const auto settings = settingsOf(translated);
  EXPECT_EQ(settings.storage.swift.authUrl, "https://swift.example.org/auth/v1.0");
  EXPECT_EQ(settings.storage.swift.authVersion, "1");
  EXPECT_EQ(settings.storage.swift.user, "docker:registry");
  EXPECT_EQ(settings.storage.swift.container, "images");
  EXPECT_EQ(settings.storage.swift.prefix, "production");
  EXPECT_EQ(settings.storage.swift.passwordFile, "/etc/registry/swift-password");
  ASSERT_EQ(translated.secrets.size(), 1U);
  EXPECT_EQ(translated.secrets[0].name, "swift-password");
  EXPECT_EQ(translated.secrets[0].contents.reveal(), "s3cr et\n");
  EXPECT_EQ(translated.settings.find("s3cr"), std::string::npos);
  for (const auto& note : translated.notes) {
    EXPECT_EQ(note.text.find("s3cr"), std::string::npos);
  }
  EXPECT_NE(noteOn(translated, "storage.swift.insecureskipverify").find("ca_file"), std::string::npos);
  EXPECT_EQ(noteOn(translated, "storage.redirect.disable").substr(0, 3), "10 ");
}

TEST(DistributionConfigTest, KeystoneIsVersion3) {
  const auto settings = settingsOf(translate(R"(storage:
  swift: {username: u, password: p, authurl: "https://keystone.example.org/v3", tenant: images, domain: site,
          region: one, endpointtype: internal, container: c}
)"));
  EXPECT_EQ(settings.storage.swift.authVersion, "3");
  EXPECT_EQ(settings.storage.swift.project, "images");
  EXPECT_EQ(settings.storage.swift.userDomain, "site");
  EXPECT_EQ(settings.storage.swift.projectDomain, "site");
  EXPECT_EQ(settings.storage.swift.region, "one");
  EXPECT_EQ(settings.storage.swift.endpointType, "internal");
}

TEST(DistributionConfigTest, S3KeysGoIntoAFileOfTheirOwn) {
  const auto translated = translate(R"(storage:
  s3: {accesskey: AKIA, secretkey: very-secret, region: r1, regionendpoint: "rgw.example.org", bucket: b,
       rootdirectory: /registry/, encrypt: true}
)");
  for (const char* part :
       {"driver: s3", "bucket: \"b\"", "region: \"r1\"", "endpoint: \"https://rgw.example.org\"", "path_style: true",
        "prefix: \"registry\"", "credentials_file: \"/etc/registry/s3-credentials\""}) {
    EXPECT_NE(translated.settings.find(part), std::string::npos) << part << "\n" << translated.settings;
  }
  ASSERT_EQ(translated.secrets.size(), 1U);
  EXPECT_EQ(translated.secrets[0].contents.reveal(),
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = very-secret\n");
  EXPECT_EQ(translated.settings.find("very-secret"), std::string::npos);
  EXPECT_FALSE(noteOn(translated, "storage.s3.encrypt").empty());
}

TEST(DistributionConfigTest, TlsMovesTheAddress) {
  const auto settings = settingsOf(translate(R"(storage: {filesystem: }
http: {addr: "192.0.2.1:443", tls: {certificate: /a.pem, key: /a.key, minimumtls: tls1.3}}
)"));
  EXPECT_TRUE(settings.http.listen.empty());
  EXPECT_EQ(settings.http.tls.listen, (std::vector<std::string>{"192.0.2.1:443"}));
  EXPECT_EQ(settings.http.tls.first.certificate, "/a.pem");
  EXPECT_EQ(settings.http.tls.first.key, "/a.key");
  EXPECT_EQ(settings.storage.filesystem.root, "/var/lib/registry");
}

TEST(DistributionConfigTest, WhatHasNoEquivalentIsNamedWithItsLine) {
  const auto translated =
      translate(R"(storage: {filesystem: {rootdirectory: /r, maxthreads: 100}, cache: {blobdescriptor: redis}}
auth: {token: {realm: r, service: s}}
proxy: {remoteurl: "https://registry-1.docker.io", password: hidden}
notifications: {endpoints: [{name: a, url: b}]}
redis: {addr: "localhost:6379"}
health: {storagedriver: {enabled: true}}
middleware: {storage: [{name: cloudfront}]}
validation: {disabled: true}
http: {addr: "registry.example.org:5000", prefix: /x/, host: "https://y", headers: {X: [y]}}
nonsense: 1
)");
  settingsOf(translated);
  const std::vector<std::pair<std::string, std::string>> expected{{"storage.filesystem.maxthreads", "1 "},
                                                                  {"storage.cache.blobdescriptor", "1 "},
                                                                  {"auth.token.realm", "2 "},
                                                                  {"proxy.remoteurl", "3 "},
                                                                  {"notifications.endpoints", "4 "},
                                                                  {"redis.addr", "5 "},
                                                                  {"health.storagedriver.enabled", "6 "},
                                                                  {"middleware.storage", "7 "},
                                                                  {"validation.disabled", "8 "},
                                                                  {"http.addr", "9 "},
                                                                  {"http.prefix", "9 "},
                                                                  {"http.host", "9 "},
                                                                  {"http.headers.X", "9 "},
                                                                  {"nonsense", "10 "}};
  for (const auto& [key, line] : expected) {
    const std::string text = noteOn(translated, key);
    EXPECT_EQ(text.substr(0, line.size()), line) << key;
    EXPECT_GT(text.size(), line.size() + 10) << key;
    EXPECT_EQ(text.find("hidden"), std::string::npos);
  }
}

TEST(DistributionConfigTest, WhatCannotBeTakenOverIsAnError) {
  for (const char* yaml : {"storage: {azure: {accountname: a}}", "storage: {inmemory: }", "storage: {gcs: {bucket: b}}",
                           "storage: {delete: {enabled: true}}", "version: 0.1",
                           "storage: {filesystem: {rootdirectory: /a}, swift: {container: b}}", "", "[a]", "a: [b"}) {
    EXPECT_FALSE(translateDistributionConfig(yaml, kFolder).ok()) << yaml;
  }
}

TEST(DistributionConfigTest, AccountsComeFromHtpasswd) {
  const auto translated = translate(R"(storage: {filesystem: {rootdirectory: /r}}
auth: {htpasswd: {realm: "the \"realm\"", path: /etc/htpasswd}}
)");
  EXPECT_EQ(translated.access.htpasswdFile, "/etc/htpasswd");
  const std::string text = accessText(translated.access, "# comment\nann:$2y$05$abc\r\n\nbob:$2y$05$def\nbroken\n");
  EXPECT_NE(text.find("\"ann\": {password_hashes: [\"$2y$05$abc\"]}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("push: [\"ann\", \"bob\"]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("pull: [\"ann\", \"bob\"]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("catalog: {allow: [\"ann\", \"bob\"]}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("delete: []"), std::string::npos);
  EXPECT_NE(text.find("read_only: true"), std::string::npos);
  EXPECT_EQ(text.find("broken"), std::string::npos);
}

}  // namespace
}  // namespace rha::config
