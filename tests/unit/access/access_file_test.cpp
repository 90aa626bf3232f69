#include "access_fixture.h"

namespace {

using rha::test::accessOf;
using Lines = std::vector<std::string>;

// "LINE: text" of each error.
Lines faults(const std::string& yaml) {
  Lines lines;
  const auto result = rha::access::parseAccess(yaml);
  if (!result) {
    for (const auto& error : result.error()) {
      lines.push_back(std::to_string(error.line) + ": " + error.text);
    }
  }
  return lines;
}

const std::string kHash = "$apr1$saltsalt$" + std::string(22, 'a');

TEST(AccessFile, the_shipped_examples_have_no_errors) {
  EXPECT_EQ(accessOf(rha::test::accessText("seed.yaml")).accounts.size(), 4U);
  EXPECT_EQ(accessOf(rha::test::accessText("newer.yaml")).rules.size(), 3U);
}

TEST(AccessFile, what_is_left_out_has_its_default) {
  const auto document =
      accessOf("accounts: {a: {password_hashes: [\"" + kHash +
               "\"]}}\nrules: [{namespace: \"x/y/\", push: [a]}, {namespace: \"\", pull: anonymous}]");
  ASSERT_EQ(document.rules.size(), 2U);
  EXPECT_EQ(document.rules[0].remove.accounts, Lines{"a"});
  EXPECT_FALSE(document.rules[0].pull.anonymous);
  EXPECT_EQ(document.rules[0].pullRealm, "docker-registry x/y (x/y-read)");
  EXPECT_EQ(document.rules[1].pushRealm, "docker-registry (push)");
  EXPECT_TRUE(document.catalog.allow.anonymous);
  EXPECT_EQ(document.mode, rha::access::Mode{});
}

TEST(AccessFile, every_error_is_reported_at_once_with_its_line) {
  const Lines expected{
      "2: a password hash of the account \"a\" is no password hash of a known scheme ($y$, $2b$, $6$, $5$ or $apr1$; "
      "make one with: mkpasswd -m yescrypt)",
      "3: the account name \"b c\" is not made of 1 to 64 of A-Z a-z 0-9 - _ .",
      "4: the account \"d\" needs password_hashes",
      "6: addresses: \"10.0.0.1/8\" has bits beyond its prefix; the network is 10.0.0.0/8",
      "7: the uploader host \"g\" stands twice",
      "9: pull names the unknown account \"aa\" (did you mean \"a\"?)",
      "10: there are two rules for the namespace \"r/\"",
      "11: push must be a list of accounts: only accounts may write",
      "12: the namespace \"r\" must be \"\" or a repository's name with \"/\" at its end",
      "13: unknown key \"catalogue\" in the file (did you mean \"catalog\"?)",
      "14: read_only must be true or false, not \"yes\"",
      "14: a passive site needs active_url: where writes are to be sent",
  };
  EXPECT_EQ(faults("accounts:\n"
                   "  a: {password_hashes: [secret]}\n"
                   "  b c: {password_hashes: []}\n"
                   "  d: {}\n"
                   "uploaders:\n"
                   "  - {host: g, addresses: [10.0.0.1/8], accounts: [a]}\n"
                   "  - {host: g, addresses: [10.0.0.1], accounts: [a]}\n"
                   "rules:\n"
                   "  - {namespace: \"r/\", pull: [aa], push: [a]}\n"
                   "  - {namespace: \"r/\", pull: [a], push: [a]}\n"
                   "  - {namespace: \"\", push: anonymous}\n"
                   "  - {namespace: r}\n"
                   "catalogue: {allow: anonymous}\n"
                   "mode: {read_only: yes, role: passive}\n"),
            expected);
}

TEST(AccessFile, a_password_hash_is_never_quoted) {
  for (const auto& line : faults("accounts: {a: {password_hashes: [\"$6$salt$cutoff\", hunter2]}}\nrules: []")) {
    EXPECT_EQ(line.find("cutoff"), std::string::npos) << line;
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  }
}

const std::string kAccountA = "accounts: {a: {password_hashes: [\"" + kHash + "\"]}}\nrules: []\n";

TEST(AccessFile, limits_are_read_and_burst_is_a_second_of_the_rate_unless_it_is_said) {
  const auto document = accessOf(kAccountA +
                                 "limits:\n"
                                 "- {name: ci, accounts: [a], networks: [10.0.0.0/8], blob_bytes: 5GiB}\n"
                                 "- {name: all, accounts: anonymous, requests_per_second: 10}\n"
                                 "- {name: rest, requests_per_second: 10, burst: 50}\n");
  ASSERT_EQ(document.limits.size(), 3U);
  EXPECT_EQ(document.limits[0].accounts->accounts, Lines{"a"});
  EXPECT_EQ(document.limits[0].blobBytes, 5ULL << 30U);
  EXPECT_EQ(document.limits[0].rate, rha::access::RequestRate{});
  EXPECT_TRUE(document.limits[1].accounts->anonymous);
  EXPECT_EQ(document.limits[1].rate, (rha::access::RequestRate{10, 10}));
  EXPECT_FALSE(document.limits[2].accounts);
  EXPECT_EQ(document.limits[2].rate, (rha::access::RequestRate{10, 50}));
}

TEST(AccessFile, limits_that_make_no_sense_are_refused) {
  const Lines expected{
      "4: a limit needs a name",
      "5: the limit \"b\" has a burst without requests_per_second",
      "6: there are two limits called \"b\"",
      "7: requests_per_second must be a whole number from 1 to 1000000, not \"0\"",
      "8: blob_bytes must be a size (4194304, 4MiB, 5GiB), not \"big\"",
      "9: accounts of a limit names the unknown account \"aa\" (did you mean \"a\"?)",
      "10: unknown key \"bursts\" in a limit (did you mean \"burst\"?)",
  };
  EXPECT_EQ(faults(kAccountA + "limits:\n"
                               "- {requests_per_second: 1}\n"
                               "- {name: b, burst: 1}\n"
                               "- {name: b}\n"
                               "- {name: c, requests_per_second: 0}\n"
                               "- {name: d, blob_bytes: big}\n"
                               "- {name: e, accounts: [aa]}\n"
                               "- {name: f, bursts: 1}\n"),
            expected);
}

TEST(AccessFile, what_is_too_large_to_be_meant_is_refused_at_once) {
  std::string text = kAccountA + "limits: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  EXPECT_EQ(faults(text).size(), 1U);
  EXPECT_EQ(faults("rules: &a [*a]\n"), Lines{"1: an alias stands within what it names"});
}

TEST(AccessFile, of_very_many_errors_the_first_are_shown) {
  std::string text = "rules:\n";
  for (int i = 0; i < 2000; ++i) {
    text += "- {namespace: x}\n";
  }
  const Lines lines = faults(text);
  EXPECT_EQ(lines.size(), 301U);
  EXPECT_EQ(lines.back(), "0: 3699 more errors are not shown");
}

TEST(AccessFile, hashes_of_too_many_costs_are_refused) {
  std::string text = "rules: []\naccounts:\n";
  for (int i = 0; i < 9; ++i) {
    text += "  a" + std::to_string(i) + ": {password_hashes: [\"$6$rounds=" + std::to_string(1000 + i) + "$salt$" +
            std::string(86, 'a') + "\"]}\n";
  }
  ASSERT_EQ(faults(text).size(), 1U);
  EXPECT_NE(faults(text)[0].find("more than 8 schemes and costs"), std::string::npos);
}

TEST(AccessFile, a_file_that_is_no_map_or_has_no_rules_is_refused) {
  EXPECT_EQ(faults("").size(), 1U);
  EXPECT_EQ(faults("[]").size(), 1U);
  EXPECT_EQ(faults("{a: [").size(), 1U);
  EXPECT_EQ(faults("catalog: {allow: anonymous}"), Lines{"1: rules is missing: without rules nobody may do anything"});
}

}  // namespace
