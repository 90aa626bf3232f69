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

TEST(AccessFile, a_file_that_is_no_map_or_has_no_rules_is_refused) {
  EXPECT_EQ(faults("").size(), 1U);
  EXPECT_EQ(faults("[]").size(), 1U);
  EXPECT_EQ(faults("{a: [").size(), 1U);
  EXPECT_EQ(faults("catalog: {allow: anonymous}"), Lines{"1: rules is missing: without rules nobody may do anything"});
}

}  // namespace
