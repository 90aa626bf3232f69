#include "config/settings_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace rha::config {
namespace {

using std::chrono::milliseconds;

// Stands in for net::Address::parse: anything with a colon is an address.
std::optional<std::string> checkAddress(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  return "is not IP:PORT: " + std::string(text);
}

// Stands in for access::IpNetwork::parse.
std::optional<std::string> checkNetwork(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return std::nullopt;
  }
  return "is not a network: " + std::string(text);
}

const ValueChecks kChecks{checkAddress, checkNetwork};

base::Result<StartupSettings, SettingErrors> check(std::string_view yaml) { return checkSettings(yaml, kChecks); }

// The settings of a text without errors.
StartupSettings good(std::string_view yaml) {
  auto result = check(yaml);
  if (!result) {
    for (const SettingError& error : result.error()) {
      ADD_FAILURE() << toText("file", error);
    }
    return {};
  }
  return *result;
}

// "LINE: text" of each error.
std::vector<std::string> faults(std::string_view yaml) {
  auto result = check(yaml);
  std::vector<std::string> lines;
  if (!result) {
    for (const SettingError& error : result.error()) {
      lines.push_back(std::to_string(error.line) + ": " + error.text);
    }
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(SettingsCheck, an_empty_file_means_the_defaults) {
  EXPECT_EQ(good(""), StartupSettings{});
  EXPECT_EQ(good("# nothing but a comment\n"), StartupSettings{});
  EXPECT_EQ(good("---\n"), StartupSettings{});
}

TEST(SettingsCheck, a_section_or_setting_without_a_value_means_the_default) {
  EXPECT_EQ(good("http:\nstorage:\n  driver:\nlimits: {manifest_bytes: }\n"), StartupSettings{});
}

TEST(SettingsCheck, every_type_of_value_is_read) {
  const StartupSettings settings = good(
      "http:\n"
      "  listen: [\"0.0.0.0:5000\", \"[::1]:5000\"]\n"
      "  debug_listen: \"\"\n"
      "  relative_locations: false\n"
      "  worker_threads: 3\n"
      "  head_deadline: 2s\n"
      "storage: {driver: memory, filesystem: {root: /srv/registry}}\n"
      "limits: {manifest_bytes: 1MiB, blob_bytes: 5368709120}\n"
      "uploads: {purge_after: 7d}\n"
      "log: {level: \"debug\"}\n");
  EXPECT_EQ(settings.http.listen, (Lines{"0.0.0.0:5000", "[::1]:5000"}));
  EXPECT_EQ(settings.http.debugListen, "");
  EXPECT_FALSE(settings.http.relativeLocations);
  EXPECT_EQ(settings.http.workerThreads, 3U);
  EXPECT_EQ(settings.http.headDeadline, milliseconds(2000));
  EXPECT_EQ(settings.storage.driver, "memory");
  EXPECT_EQ(settings.storage.filesystem.root, "/srv/registry");
  EXPECT_EQ(settings.limits.manifestBytes, 1048576U);
  EXPECT_EQ(settings.limits.blobBytes, 5368709120U);
  EXPECT_EQ(settings.uploads.purgeAfter, std::chrono::hours(168));
  EXPECT_EQ(settings.log.level, "debug");
}

TEST(SettingsCheck, tls_has_one_certificate_or_several) {
  const StartupSettings one = good("http: {listen: [], tls: {listen: [\"*:443\"], certificate: /c, key: /k}}\n");
  EXPECT_EQ(one.http.tls.first, (CertificatePair{"/c", "/k"}));
  EXPECT_EQ(one.http.tls.minVersion, "1.2");
  const StartupSettings more = good(
      "http:\n"
      "  tls:\n"
      "    certificate: /c\n"
      "    key: /k\n"
      "    certificates:\n"
      "      - {certificate: /c2, key: /k2}\n"
      "      - {certificate: /c3, key: /k3}\n"
      "    min_version: \"1.3\"\n"
      "  proxy_protocol: {from: [10.0.0.0/8]}\n");
  EXPECT_EQ(more.http.tls.certificates, (std::vector<CertificatePair>{{"/c2", "/k2"}, {"/c3", "/k3"}}));
  EXPECT_EQ(more.http.tls.minVersion, "1.3");
  EXPECT_EQ(more.http.proxyProtocol.from, (Lines{"10.0.0.0/8"}));
}

TEST(SettingsCheck, what_tls_lacks_is_told) {
  EXPECT_EQ(faults("http:\n  tls:\n    certificate: /c\n"),
            (Lines{"3: http.tls.certificate needs http.tls.key, the file of its private key"}));
  EXPECT_EQ(faults("http:\n  tls:\n    key: /k\n"),
            (Lines{"3: http.tls.key needs http.tls.certificate, the file of its certificate"}));
  EXPECT_EQ(faults("http: {tls: {listen: [\"*:443\"]}}\n"),
            (Lines{"1: http.tls.listen needs http.tls.certificate and http.tls.key"}));
  EXPECT_EQ(faults("http: {listen: [\"*:443\"], tls: {listen: [\"*:443\"], certificate: /c, key: /k}}\n"),
            (Lines{"1: http.tls.listen and http.listen both name \"*:443\"; a port speaks one of them"}));
  EXPECT_EQ(faults("http:\n  tls:\n    certificates:\n      - {certificate: c, kay: /k}\n"),
            (Lines{"4: http.tls.certificates must name the file of the certificate by an absolute path",
                   "4: http.tls.certificates knows only certificate and key, not \"kay\"",
                   "4: http.tls.certificates must name both certificate and key"}));
  EXPECT_EQ(faults("http: {proxy_protocol: {from: [lb1]}}\n"),
            (Lines{"1: http.proxy_protocol.from is not a network: lb1"}));
}

TEST(SettingsCheck, all_errors_are_reported_at_once_in_the_order_of_the_lines) {
  EXPECT_EQ(faults("http:\n"
                   "  listn: [\"127.0.0.1:5000\"]\n"
                   "  worker_threads: many\n"
                   "storage:\n"
                   "  driver: floppy\n"
                   "limits: []\n"),
            (Lines{"2: unknown key \"http.listn\" (did you mean \"http.listen\"?)",
                   "3: http.worker_threads must be a number, not \"many\"",
                   "5: storage.driver must be filesystem, swift, s3 or memory, not \"floppy\"",
                   "6: limits must be a map of manifest_bytes, blob_bytes, head_bytes, body_buffer_bytes, "
                   "body_budget_bytes or worker_queue"}));
}

TEST(SettingsCheck, an_unknown_key_names_the_nearest_or_the_place_where_it_belongs) {
  EXPECT_EQ(faults("storrage: {}\n"), (Lines{"1: unknown key \"storrage\" (did you mean \"storage\"?)"}));
  EXPECT_EQ(faults("storage:\n  root: /srv\n"),
            (Lines{"2: unknown key \"storage.root\" (did you mean \"storage.filesystem.root\"?)"}));
  EXPECT_EQ(faults("zebra: 1\n"), (Lines{"1: unknown key \"zebra\""}));
}

TEST(SettingsCheck, a_path_of_keys_is_not_a_key) {
  EXPECT_EQ(faults("storage.filesystem: {root: /srv}\n"), (Lines{"1: unknown key \"storage.filesystem\""}));
  EXPECT_EQ(faults("storage:\n  driver.x: 1\n").size(), 1U);
}

TEST(SettingsCheck, a_duplicate_key_is_an_error) {
  EXPECT_EQ(faults("log:\n  level: info\n  level: debug\nlog: {}\n"),
            (Lines{"3: duplicate key \"log.level\"", "4: duplicate key \"log\""}));
}

TEST(SettingsCheck, a_value_of_the_wrong_type_says_what_is_wanted) {
  EXPECT_EQ(faults("http: {listen: \"127.0.0.1:5000\"}\n"),
            (Lines{"1: http.listen must be a list of addresses such as [\"127.0.0.1:5000\"]"}));
  EXPECT_EQ(faults("http: {listen: []}\n"),
            (Lines{"1: http.listen is empty, and so is http.tls.listen: name an address in one of them"}));
  EXPECT_EQ(faults("log: {access: yes}\n"), (Lines{"1: log.access must be true or false, not \"yes\""}));
  EXPECT_EQ(faults("log: {level: [info]}\n"), (Lines{"1: log.level must be a word, not a list"}));
  EXPECT_EQ(faults("index: {path: {a: b}}\n"), (Lines{"1: index.path must be an absolute path, not a map"}));
  EXPECT_EQ(faults("index: {path: var/index}\n"), (Lines{"1: index.path must be an absolute path, not \"var/index\""}));
  EXPECT_EQ(faults("index: {path: \"\"}\n"), (Lines{"1: index.path must be an absolute path, not \"\""}));
  EXPECT_EQ(faults("http: {head_deadline: 15}\n"),
            (Lines{"1: http.head_deadline must be a duration such as 500ms, 60s, 5m, 24h or 7d, not \"15\""}));
  EXPECT_EQ(faults("limits: {manifest_bytes: 4MB}\n"),
            (Lines{"1: limits.manifest_bytes must be a size such as 4194304, 512KiB, 4MiB or 2GiB, not \"4MB\""}));
}

TEST(SettingsCheck, a_value_out_of_range_says_the_range) {
  EXPECT_EQ(faults("http: {worker_threads: 0}\n"),
            (Lines{"1: http.worker_threads must be between 1 and 1024, not \"0\""}));
  EXPECT_EQ(faults("limits: {manifest_bytes: 1GiB}\n"),
            (Lines{"1: limits.manifest_bytes must be between 1KiB and 64MiB, not \"1GiB\""}));
  EXPECT_EQ(faults("uploads: {purge_after: 10ms}\n"),
            (Lines{"1: uploads.purge_after must be between 1h and 87600h, not \"10ms\""}));
  EXPECT_EQ(faults("catalog: {max_entries: 99999999999999999999}\n"),
            (Lines{"1: catalog.max_entries must be a number, not \"99999999999999999999\""}));
  EXPECT_EQ(faults("control: {socket: /" + std::string(103, 'x') + "}\n"),
            (Lines{"1: control.socket must be at most 103 bytes long, not 104"}));
}

TEST(SettingsCheck, bad_addresses_are_named_each_with_its_line) {
  EXPECT_EQ(faults("http:\n  listen:\n    - nonsense\n    - 127.0.0.1:1\n    - 127.0.0.1:1\n    - [x]\n"),
            (Lines{"3: http.listen is not IP:PORT: nonsense", "5: http.listen names \"127.0.0.1:1\" twice",
                   "6: http.listen must be a list of addresses such as [\"127.0.0.1:5000\"]"}));
  EXPECT_EQ(faults("http: {debug_listen: 5001}\n"), (Lines{"1: http.debug_listen is not IP:PORT: 5001"}));
}

TEST(SettingsCheck, settings_that_do_not_fit_together_are_an_error_at_the_one_that_is_given) {
  EXPECT_EQ(faults("http:\n  listen: [\"127.0.0.1:5001\"]\n"),
            (Lines{"2: http.debug_listen must not be one of http.listen (\"127.0.0.1:5001\")"}));
  EXPECT_EQ(faults("limits:\n  body_budget_bytes: 1MiB\n  body_buffer_bytes: 2MiB\n"),
            (Lines{"2: limits.body_budget_bytes (1MiB) must not be less than limits.body_buffer_bytes (2MiB)"}));
}

TEST(SettingsCheck, a_syntax_error_has_its_line) {
  const Lines lines = faults("http:\n  listen: [\"127.0.0.1:5000\"\nlog: {}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].find(": not valid YAML: ") != std::string::npos) << lines[0];
  EXPECT_EQ(lines[0].substr(0, 2), "3:");
}

TEST(SettingsCheck, anything_but_one_map_is_an_error) {
  EXPECT_EQ(
      faults("- a\n- b\n"),
      (Lines{"1: the file must be a map of http, storage, index, limits, cache, catalog, uploads, log, access, control "
             "or homepage"}));
  EXPECT_EQ(faults("just text\n").size(), 1U);
  EXPECT_EQ(faults("log: {}\n---\nlog: {}\n"), (Lines{"2: the file must hold one YAML document, not several"}));
  EXPECT_EQ(faults("[a, b]: 1\n"), (Lines{"1: a key must be a word"}));
}

TEST(SettingsCheck, a_long_or_binary_value_is_shortened_in_the_message) {
  const Lines lines = faults("log: {level: \"a\\tb" + std::string(500, 'c') + "\"}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_LT(lines[0].size(), 200U);
  EXPECT_TRUE(lines[0].find("\"a?bccc") != std::string::npos) << lines[0];
}

class SettingsFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "rha-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& text) const {
    std::ofstream(folder_ / "registryd.yaml") << text;
    return folder_ / "registryd.yaml";
  }

  std::filesystem::path folder_;
};

TEST_F(SettingsFile, is_read_and_its_errors_begin_with_its_name_and_line) {
  const auto path = write("log:\n  level: loud\n");
  auto result = loadSettings(path, kChecks);
  ASSERT_FALSE(result.ok());
  ASSERT_EQ(result.error().size(), 1U);
  EXPECT_EQ(toText(path, result.error()[0]),
            path.string() + ":2: log.level must be error, warn, info or debug, not \"loud\"");
  EXPECT_TRUE(loadSettings(write("log: {level: warn}\n"), kChecks).ok());
}

TEST_F(SettingsFile, that_is_missing_unreadable_or_too_large_is_an_error_without_a_line) {
  auto missing = loadSettings(folder_ / "none.yaml", kChecks);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(toText("none.yaml", missing.error()[0]), "none.yaml: there is no such file");

  auto folder = loadSettings(folder_, kChecks);
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(toText("x", folder.error()[0]), "x: cannot be read: Is a directory");

  auto large = loadSettings(write(std::string(1024 * 1024 + 1, '#')), kChecks);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error()[0].line, 0);
}

TEST(SettingsCheck, swift_wants_to_know_where_and_as_whom) {
  EXPECT_EQ(faults("storage:\n"
                   "  driver: swift\n"
                   "  swift:\n"
                   "    auth_version: 3\n"
                   "    user: registry\n"
                   "    password_file: /etc/docker-registry-ha/swift\n"
                   "    container: a/b\n"),
            (Lines{"2: storage.swift.auth_url must be set with storage.driver swift",
                   "2: storage.swift.project must be set with storage.driver swift",
                   "7: storage.swift.container must not contain a slash"}));
  EXPECT_EQ(
      faults("storage:\n"
             "  driver: swift\n"
             "  swift:\n"
             "    auth_url: https://swift/auth/v1.0\n"
             "    user: registry\n"
             "    password_file: /etc/docker-registry-ha/swift\n"
             "    segment_bytes: 512MiB\n"
             "    container: images\n"),
      (Lines{"5: storage.swift.user must be ACCOUNT:USER with auth_version 1, not \"registry\"",
             "7: storage.swift.spool_bytes (256MiB) must not be less than storage.swift.segment_bytes (512MiB)"}));
}

TEST(SettingsCheck, s3_wants_to_know_which_bucket_and_as_whom) {
  EXPECT_EQ(faults("storage:\n  driver: s3\n  s3: {}\n"),
            (Lines{"2: storage.s3.bucket must be set with storage.driver s3",
                   "2: storage.s3.credentials_file must be set with storage.driver s3"}));
  EXPECT_EQ(
      faults("storage:\n"
             "  driver: s3\n"
             "  s3:\n"
             "    bucket: a/b\n"
             "    credentials_file: /etc/docker-registry-ha/s3\n"
             "    prefix: /images\n"
             "    endpoint: https://s3.example.org/?x\n"
             "    part_bytes: 512MiB\n"),
      (Lines{"4: storage.s3.bucket must not contain a slash", "6: storage.s3.prefix must not begin or end with a slash",
             "7: storage.s3.endpoint must be https://HOST[:PORT], without a query",
             "8: storage.s3.spool_bytes (256MiB) must not be less than storage.s3.part_bytes (512MiB)"}));
  EXPECT_EQ(faults("storage:\n"
                   "  driver: s3\n"
                   "  s3: {bucket: a, credentials_file: /s3, part_bytes: 4MiB}\n")
                .size(),
            1U)
      << "S3 takes no smaller parts";
}

TEST(SettingsCheck, two_routes_into_one_bucket_are_the_same_place) {
  const std::string s3 = "driver: s3, s3: {bucket: b, credentials_file: /s3";
  const auto with = [&](const std::string& more) {
    return faults("storage: {driver: filesystem, routes: [{name: a, namespaces: [a], " + s3 +
                  "}}, {name: b, namespaces: [b], " + s3 + more + "}}]}\n")
        .size();
  };
  EXPECT_EQ(with(""), 1U);
  EXPECT_EQ(with(", prefix: other"), 0U);
}

TEST(SettingsCheck, a_url_has_a_scheme_and_a_host_and_no_password) {
  const auto fault = [](const std::string& url) { return faults("storage: {swift: {auth_url: \"" + url + "\"}}\n"); };
  EXPECT_EQ(fault("https://swift.example.org/auth/v1.0"), Lines{});
  EXPECT_EQ(fault(""), Lines{});
  for (const std::string url : {"swift", "ftp://swift/", "https://", "https:///auth"}) {
    EXPECT_EQ(fault(url),
              Lines{"1: storage.swift.auth_url must be a URL such as https://host/path, not \"" + url + "\""});
  }
  EXPECT_EQ(fault("https://me:secret@swift/"), Lines{"1: storage.swift.auth_url must not hold a user or password"});
}

constexpr std::string_view kRoutes =
    "storage:\n"
    "  driver: filesystem\n"
    "  routes:\n"
    "    - name: closed\n"
    "      namespaces: [restricted/, team/secret]\n"
    "      driver: swift\n"
    "      swift:\n"
    "        auth_url: https://swift/auth/v1.0\n"
    "        user: registry:closed\n"
    "        password_file: /etc/docker-registry-ha/swift\n"
    "        container: closed\n"
    "    - {name: ml, namespaces: [ml], driver: filesystem, filesystem: {root: /srv/ml}}\n";

TEST(SettingsCheck, routes_have_the_settings_of_a_storage) {
  const auto settings = good(kRoutes);
  ASSERT_EQ(settings.storageRoutes.size(), 2U);
  EXPECT_EQ(settings.storageRoutes[0].name, "closed");
  EXPECT_EQ(settings.storageRoutes[0].namespaces, (std::vector<std::string>{"restricted", "team/secret"}));
  EXPECT_EQ(settings.storageRoutes[0].storage.driver, "swift");
  EXPECT_EQ(settings.storageRoutes[0].storage.swift.container, "closed");
  EXPECT_EQ(settings.storageRoutes[0].storage.swift.segmentBytes, SwiftSettings().segmentBytes);
  EXPECT_EQ(settings.storageRoutes[1].storage.filesystem.root, "/srv/ml");
  EXPECT_EQ(settings.storage, StorageSettings());
}

TEST(SettingsCheck, faults_of_a_route_say_of_which) {
  EXPECT_EQ(faults("storage:\n"
                   "  routes:\n"
                   "    - name: a\n"
                   "      namespaces: [x]\n"
                   "      driver: swift\n"
                   "      swift: {user: 'a:b', password_file: /p, container: c, sise: 3}\n"
                   "    - name: b\n"
                   "      namespaces: [y]\n"
                   "    - name: C!\n"
                   "      namespaces: ['/y', z]\n"
                   "      driver: filesystem\n"
                   "    - namespaces: [q]\n"
                   "      name: d\n"
                   "      routes: []\n"
                   "    - 7\n"),
            (Lines{"5: storage.routes: \"a\": storage.swift.auth_url must be set with storage.driver swift",
                   "6: storage.routes: \"a\": unknown key \"storage.swift.sise\"",
                   "7: storage.driver must be set in each of storage.routes",
                   "9: storage.routes: name must be a word of at most 32 of a-z, 0-9, - and _, not \"C!\"",
                   "10: storage.routes: a namespace is the beginning of repository names, such as \"restricted\" or "
                   "\"team/project\", not \"/y\"",
                   "14: storage.routes: a storage of the list has no routes of its own",
                   "15: storage.routes must be a list of maps with name, namespaces and driver"}));
}

TEST(SettingsCheck, routes_must_not_overlap) {
  EXPECT_EQ(faults("storage:\n"
                   "  routes:\n"
                   "    - {name: a, namespaces: [x], driver: filesystem}\n"
                   "    - {name: a, namespaces: [y, x], driver: filesystem, filesystem: {root: /srv}}\n"),
            (Lines{"2: storage.routes: \"a\" is the same place as the main storage",
                   "2: storage.routes: two storages have the name \"a\"",
                   "2: storage.routes: the namespace \"x\" is given to \"a\" twice"}));
}

}  // namespace
TEST(SettingsCheck, the_registry_name_is_a_host) {
  EXPECT_EQ(good("homepage: {registry_name: registry.example.org:5000}\n").homepage.registryName,
            "registry.example.org:5000");
  EXPECT_EQ(good("homepage: {registry_name: \"\", path: \"\"}\n").homepage.path, "");
  EXPECT_EQ(faults("homepage: {registry_name: \"https://x/\"}\n"),
            (Lines{"1: homepage.registry_name must be a host name, with :PORT if needed, not \"https://x/\""}));
  EXPECT_EQ(faults("homepage: {registry_name: \"<b>\"}\n"),
            (Lines{"1: homepage.registry_name must be a host name, with :PORT if needed, not \"<b>\""}));
}

}  // namespace rha::config
