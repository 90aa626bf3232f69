#include "access_fixture.h"

namespace {

using rha::access::Action;
using rha::access::RulePolicy;
using rha::test::accessOf;
using rha::test::accessText;
using rha::test::ask;
using rha::test::verdict;

const std::string kRestrictedRead = "401 Basic realm=\"docker-registry restricted (restricted-read)\"";
const std::string kRestrictedPush = "401 Basic realm=\"docker-registry restricted (restricted-push)\"";
const std::string kPush = "401 Basic realm=\"docker-registry (push)\"";
const std::string kMl = "401 Basic realm=\"docker-registry ml\"";
constexpr const char* kAnywhere = "192.0.2.1";
constexpr const char* kAllHosts = "127.0.0.1";  // listed for every account that may push

struct Row {
  const char* account;
  const char* from;
  Action action;
  const char* repository;
  std::string expected;
};

void expectRows(const char* file, const std::vector<Row>& rows) {
  const RulePolicy policy(accessOf(accessText(file)));
  for (const auto& [account, from, action, repository, expected] : rows) {
    EXPECT_EQ(verdict(ask(policy, account, from, action, repository)), expected)
        << file << ": " << account << " from " << from << " " << toString(action) << " " << repository;
  }
}

TEST(RulePolicy, the_seed_table_is_decided_as_the_site_has_it) {
  expectRows("seed.yaml", {
                              {"", kAnywhere, Action::Pull, "a", "allow"},
                              {"", kAnywhere, Action::Pull, "restricted/a", kRestrictedRead},
                              {"", kAnywhere, Action::Pull, "restricted", kRestrictedRead},
                              {"", kAnywhere, Action::Pull, "restricted-not/a", "allow"},
                              {"kubernetes", kAnywhere, Action::Pull, "restricted/a", "allow"},
                              {"ci-restricted", kAnywhere, Action::Pull, "restricted/a", "allow"},
                              {"ci-build", kAnywhere, Action::Pull, "restricted/a", kRestrictedRead},
                              {"prod-build", kAnywhere, Action::Pull, "restricted/a", kRestrictedRead},
                              {"nobody", kAnywhere, Action::Pull, "restricted/a", kRestrictedRead},
                              {"", kAllHosts, Action::Push, "a", kPush},
                              {"", kAllHosts, Action::Push, "restricted/a", kRestrictedPush},
                              {"ci-build", kAllHosts, Action::Push, "a", "allow"},
                              {"prod-build", kAllHosts, Action::Push, "a", "allow"},
                              {"ci-restricted", kAllHosts, Action::Push, "a", "allow"},
                              {"kubernetes", kAllHosts, Action::Push, "a", kPush},
                              {"ci-build", kAllHosts, Action::Push, "restricted/a", kRestrictedPush},
                              {"ci-build", kAllHosts, Action::Push, "restricted", kRestrictedPush},
                              {"ci-restricted", kAllHosts, Action::Push, "restricted/a", "allow"},
                              {"ci-restricted", kAllHosts, Action::Delete, "restricted/a", "allow"},
                              {"kubernetes", kAllHosts, Action::Delete, "restricted/a", kRestrictedPush},
                              {"prod-build", kAllHosts, Action::Delete, "a", "allow"},
                          });
}

TEST(RulePolicy, the_newer_table_is_decided_as_the_site_has_it) {
  expectRows("newer.yaml", {
                               {"prod-build", kAnywhere, Action::Pull, "restricted/a", "allow"},
                               {"ci-build", kAnywhere, Action::Pull, "restricted/a", kRestrictedRead},
                               {"prod-build", kAllHosts, Action::Push, "restricted/a", kRestrictedPush},
                               {"ml-build", kAllHosts, Action::Push, "ml/a", "allow"},
                               {"ml-build", kAllHosts, Action::Push, "ml", "allow"},
                               {"ml-build", kAllHosts, Action::Push, "a", "allow"},
                               {"ml-build", kAllHosts, Action::Push, "restricted/a", kRestrictedPush},
                               {"ci-build", kAllHosts, Action::Push, "ml/a", kMl},
                               {"ci-restricted", kAllHosts, Action::Delete, "ml/a", kMl},
                               {"", kAnywhere, Action::Pull, "ml/a", "allow"},
                               {"", kAnywhere, Action::Push, "ml/a", kMl},
                               {"", "10.1.2.3", Action::Catalog, "", "allow"},
                               {"", kAnywhere, Action::Catalog, "", "403"},
                               {"", "2620:0:861::7", Action::Catalog, "", "allow"},
                               {"", kAnywhere, Action::Ping, "", "allow"},
                               {"", "10.64.0.2", Action::Ping, "", kPush},
                               {"ci-build", "10.64.0.2", Action::Ping, "", "allow"},
                           });
}

TEST(RulePolicy, credentials_from_a_host_that_is_not_listed_are_refused_whatever_they_are) {
  for (const Action action : {Action::Push, Action::Delete}) {
    for (const char* repository : {"a", "restricted/a"}) {
      expectRows("seed.yaml", {{"ci-build", kAnywhere, action, repository, "403"},
                               {"ci-restricted", kAnywhere, action, repository, "403"},
                               {"kubernetes", kAnywhere, action, repository, "403"},
                               {"nobody", kAnywhere, action, repository, "403"},
                               {"ci-build", "not an address", action, repository, "403"}});
    }
  }
  expectRows("seed.yaml", {{"ci-build", "10.64.0.2", Action::Push, "a", "allow"},
                           {"ci-build", "::ffff:10.64.0.2", Action::Push, "a", "allow"},
                           {"ci-build", "10.192.0.5", Action::Push, "a", "403"},  // listed, for prod-build
                           {"nobody", "10.192.0.5", Action::Push, "a", kPush}});
}

TEST(RulePolicy, a_mount_needs_the_right_to_pull_its_source) {
  const RulePolicy policy(accessOf(accessText("seed.yaml")));
  EXPECT_EQ(verdict(ask(policy, "ci-build", kAllHosts, Action::Push, "public", "restricted/x")), "403");
  EXPECT_EQ(verdict(ask(policy, "ci-build", kAllHosts, Action::Push, "public", "restricted")), "403");
  EXPECT_EQ(verdict(ask(policy, "ci-build", kAllHosts, Action::Push, "public", "other")), "allow");
  EXPECT_EQ(verdict(ask(policy, "ci-restricted", kAllHosts, Action::Push, "public", "restricted/x")), "allow");
  EXPECT_EQ(verdict(ask(policy, "ci-build", kAllHosts, Action::Push, "restricted/x", "public")), kRestrictedPush);
}

TEST(RulePolicy, a_read_only_registry_refuses_writes_and_says_so) {
  auto document = accessOf(accessText("seed.yaml"));
  document.mode.readOnly = true;
  const RulePolicy policy(document);
  const auto decision = ask(policy, "ci-build", kAllHosts, Action::Push, "a");
  EXPECT_EQ(verdict(decision), "403");
  EXPECT_EQ(decision.message, "the registry is in read-only mode");
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Delete, "a")), "403");
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Pull, "a")), "allow");
  EXPECT_EQ(verdict(ask(policy, "kubernetes", kAnywhere, Action::Pull, "restricted/a")), "allow");
}

TEST(RulePolicy, a_passive_registry_names_the_active_one) {
  auto document = accessOf(accessText("seed.yaml"));
  document.mode = {false, rha::access::Role::Passive, "https://registry.example"};
  const auto decision = ask(RulePolicy(document), "ci-build", kAllHosts, Action::Push, "a");
  EXPECT_EQ(verdict(decision), "403");
  EXPECT_NE(decision.message.find("https://registry.example"), std::string::npos);
}

TEST(RulePolicy, lists_show_what_may_be_pulled) {
  const RulePolicy policy(accessOf(accessText("seed.yaml")));
  const auto text = [&](const char* account) {
    std::string shown;
    for (const auto& each : policy.visibleTo({account})) {
      shown += each.prefix + (each.visible ? "+" : "-") + " ";
    }
    return shown;
  };
  EXPECT_EQ(text(""), "restricted/- + ");
  EXPECT_EQ(text("ci-build"), "restricted/- + ");
  EXPECT_EQ(text("kubernetes"), "restricted/+ + ");
}

TEST(RulePolicy, without_a_rule_nobody_may_do_anything) {
  const RulePolicy policy(accessOf("rules: []"));
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Pull, "a")), kPush);
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Push, "a")), kPush);
  EXPECT_FALSE(policy.visibleTo({}).empty());
}

TEST(RulePolicy, the_longest_namespace_decides_alone_whatever_the_order) {
  const RulePolicy policy(
      accessOf("rules:\n- {namespace: \"\", pull: anonymous}\n- {namespace: a/b/, pull: anonymous}\n"
               "- {namespace: a/}\n"));
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Pull, "a/b/c")), "allow");
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Pull, "a/b")), "allow");
  EXPECT_EQ(verdict(ask(policy, "", kAnywhere, Action::Pull, "a/c")).substr(0, 3), "401");
  EXPECT_EQ(ask(policy, "", kAnywhere, Action::Pull, "a/b/c").rule, "\"a/b/\"");
}

}  // namespace
