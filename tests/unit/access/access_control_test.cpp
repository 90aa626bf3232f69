#include "access/access_control.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "access_fixture.h"
#include "base/fd.h"
#include "support/fake_clock.h"
#include "support/temporary_folder.h"

namespace {

using rha::access::AccessControl;
using rha::access::Action;
using rha::access::Admission;
using rha::access::Approach;
using rha::oci::RepositoryName;
using rha::test::accessText;
using rha::test::verdict;
using Lines = std::vector<std::string>;

// "account:account-secret", or another password.
std::string basic(const std::string& account, const std::string& password = "") {
  constexpr const char* kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string text = account + ":" + (password.empty() ? account + "-secret" : password);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::string three = text.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= three.size() ? kAlphabet[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return "Basic " + out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class AccessControlTest : public testing::Test {
 protected:
  AccessControlTest() { EXPECT_TRUE(control.apply(accessText("seed.yaml"))); }

  Admission admit(const std::string& authorization, Action action, const std::string& repository,
                  const std::string& peer = "127.0.0.1") const {
    const auto name = RepositoryName::parse(repository).value();
    Approach approach{peer, {}, std::nullopt};
    if (!authorization.empty()) {
      approach.authorization = authorization;
    }
    return control.admit(approach, action, &name);
  }
  std::uint64_t counted(const std::string& family, const rha::base::MetricLabels& labels = {}) {
    return metrics.counter(family, "", labels).value();
  }
  std::uint64_t passwordsChecked() {
    return counted("registry_ha_access_logins_total", {{"result", "right"}}) +
           counted("registry_ha_access_logins_total", {{"result", "wrong"}});
  }
  void writeFile(const std::string& text) const {
    rha::base::writeFileAtomically(file, text, rha::base::Durability::Relaxed);
  }

  rha::test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "access.yaml";
  const std::filesystem::path lastGood = folder.path() / "state" / "access-last-good.yaml";
  const rha::base::SystemClock clock;
  const rha::base::Fd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  const rha::base::Logger logger{{.descriptor = null.get()}};
  rha::base::MetricsRegistry metrics;
  AccessControl control{lastGood, clock, logger, metrics};
};

TEST_F(AccessControlTest, writes_are_prepared_before_rules_that_take_them_are_in_force) {
  int prepared = 0;
  bool fails = false;
  control.beforeWrites([&] {
    ++prepared;
    EXPECT_TRUE(control.refusesWrites()) << "a request could have come before";
    if (fails) {
      throw std::runtime_error("no room");
    }
  });
  const std::string active = accessText("seed.yaml");
  const std::string readOnly = replaced(active, "read_only: false", "read_only: true");
  ASSERT_TRUE(control.apply(active));
  EXPECT_EQ(prepared, 0) << "they were in force already";
  ASSERT_TRUE(control.apply(readOnly));
  EXPECT_EQ(prepared, 0);
  fails = true;
  const auto refused = control.apply(active);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().front().text, "is not put in force: no room");
  EXPECT_TRUE(control.refusesWrites());
  fails = false;
  ASSERT_TRUE(control.apply(active));
  EXPECT_EQ(prepared, 2);
  EXPECT_FALSE(control.refusesWrites());
}

TEST_F(AccessControlTest, the_right_password_proves_the_principal) {
  const auto admission = admit(basic("ci-build"), Action::Push, "a");
  EXPECT_EQ(verdict(admission.decision), "allow");
  EXPECT_EQ(admission.principal.name, "ci-build");
  EXPECT_EQ(admission.generation, 1U);
}

TEST_F(AccessControlTest, where_anonymous_suffices_no_password_is_checked_and_nobody_is_named) {
  const auto admission = admit(basic("ci-build", "an old one"), Action::Pull, "a");
  EXPECT_EQ(verdict(admission.decision), "allow");
  EXPECT_TRUE(admission.principal.anonymous());
  EXPECT_EQ(passwordsChecked(), 0U);
  EXPECT_EQ(counted("registry_ha_access_credentials_ignored_total"), 1U);
}

TEST_F(AccessControlTest, credentials_from_an_unlisted_host_are_refused_before_a_password_is_checked) {
  const auto right = admit(basic("ci-build"), Action::Push, "a", "192.0.2.1");
  const auto wrong = admit(basic("ci-build", "x"), Action::Push, "a", "192.0.2.1");
  EXPECT_EQ(verdict(right.decision), "403");
  EXPECT_EQ(verdict(wrong.decision), "403");
  EXPECT_EQ(right.decision.message, wrong.decision.message);
  EXPECT_EQ(passwordsChecked(), 0U);
}

TEST_F(AccessControlTest, no_and_wrong_credentials_and_no_right_get_the_same_challenge) {
  const std::string expected = "401 Basic realm=\"docker-registry restricted (restricted-push)\"";
  for (const std::string& authorization :
       {std::string(), basic("ci-restricted", "x"), basic("ci-build"), basic("nobody"), std::string("Bearer abc")}) {
    const auto admission = admit(authorization, Action::Push, "restricted/a");
    EXPECT_EQ(verdict(admission.decision), expected) << authorization;
    EXPECT_EQ(admission.decision.message, "authentication required");
  }
  EXPECT_EQ(passwordsChecked(), 3U);  // also where the account has no right
}

TEST_F(AccessControlTest, what_needs_no_password_is_decided_without_blocking) {
  const auto open = RepositoryName::parse("a").value();
  const auto pull = control.tryAdmit({"127.0.0.1", {}, basic("ci-build", "old")}, Action::Pull, &open);
  ASSERT_TRUE(pull);
  EXPECT_TRUE(pull->decision.allowed());
  const auto challenge = control.tryAdmit({"127.0.0.1", {}, std::nullopt}, Action::Push, &open);
  ASSERT_TRUE(challenge);
  EXPECT_EQ(verdict(challenge->decision).substr(0, 3), "401");
  const auto stranger = control.tryAdmit({"192.0.2.1", {}, basic("ci-build")}, Action::Push, &open);
  ASSERT_TRUE(stranger);
  EXPECT_EQ(verdict(stranger->decision), "403");
}

TEST_F(AccessControlTest, a_password_is_checked_where_it_may_block_and_remembered_from_then_on) {
  const auto open = RepositoryName::parse("a").value();
  for (const std::string& authorization : {basic("ci-build"), basic("ci-build", "wrong")}) {
    const std::uint64_t checked = passwordsChecked();
    EXPECT_FALSE(control.tryAdmit({"127.0.0.1", {}, authorization}, Action::Push, &open));
    EXPECT_EQ(passwordsChecked(), checked) << "counted without an answer";
    const auto blocking = admit(authorization, Action::Push, "a");
    const auto remembered = control.tryAdmit({"127.0.0.1", {}, authorization}, Action::Push, &open);
    ASSERT_TRUE(remembered);
    EXPECT_EQ(verdict(remembered->decision), verdict(blocking.decision));
    EXPECT_EQ(remembered->principal.name, blocking.principal.name);
  }
  ASSERT_TRUE(control.apply(accessText("seed.yaml")));
  EXPECT_FALSE(control.tryAdmit({"127.0.0.1", {}, basic("ci-build")}, Action::Push, &open)) << "outlived its snapshot";
}

TEST_F(AccessControlTest, a_revoked_password_ends_with_the_reload) {
  ASSERT_EQ(verdict(admit(basic("ci-build"), Action::Push, "a").decision), "allow");
  const auto applied = control.apply(replaced(accessText("seed.yaml"), "ByJ1vPIBb5jyuHD5ytD64.", std::string(22, 'a')));
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->changes, Lines{"account ci-build: passwords changed"});
  EXPECT_EQ(verdict(admit(basic("ci-build"), Action::Push, "a").decision).substr(0, 3), "401");
}

TEST_F(AccessControlTest, a_broken_text_changes_nothing) {
  const auto applied = control.apply(replaced(accessText("seed.yaml"), "pull: anonymous", "pull: anonymus"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().size(), 1U);
  EXPECT_EQ(control.status().generation, 1U);
  EXPECT_EQ(verdict(admit("", Action::Pull, "a").decision), "allow");
  EXPECT_EQ(counted("registry_ha_access_rejected_total"), 1U);
}

TEST_F(AccessControlTest, what_changed_is_told) {
  std::string text = replaced(accessText("newer.yaml"), "read_only: false", "read_only: true");
  text = replaced(text, "10.192.0.5], accounts: [prod-build]", "10.192.0.6], accounts: [prod-build]");
  const auto applied = control.apply(text);
  ASSERT_TRUE(applied);
  EXPECT_EQ(
      applied->changes,
      (Lines{"account ml-build added", "rule \"restricted/\" changed", "rule \"ml/\" added", "rule \"\" changed",
             "uploader build2001.example changed", "uploader ml-lab1001.example added", "uploader localhost changed",
             "catalog changed", "challenge_hosts changed", "mode is now active, read-only (was active)"}));
}

TEST_F(AccessControlTest, a_request_keeps_the_rules_it_began_with) {
  const auto admission = admit("", Action::Pull, "a");
  ASSERT_TRUE(control.apply("rules: []"));
  EXPECT_EQ(verdict(rha::test::ask(*admission.policy, "", "127.0.0.1", Action::Pull, "a")), "allow");
  EXPECT_EQ(verdict(admit("", Action::Pull, "a").decision).substr(0, 3), "401");
}

class LimitedAccessTest : public AccessControlTest {
 protected:
  LimitedAccessTest() {
    const auto applied = limited.apply(accessText("seed.yaml") + R"(
limits:
- {name: builders, accounts: [ci-build], requests_per_second: 1, burst: 2, blob_bytes: 1GiB}
- {name: inside, accounts: anonymous, networks: [10.0.0.0/8]}
- {name: others, accounts: anonymous, requests_per_second: 1, burst: 3, blob_bytes: 5MiB}
)");
    EXPECT_TRUE(applied) << (applied ? "" : applied.error().front().text);
  }
  Admission ask(const std::string& authorization, Action action, const std::string& peer) const {
    const auto name = RepositoryName::parse("a").value();
    Approach approach{peer, {}, std::nullopt};
    if (!authorization.empty()) {
      approach.authorization = authorization;
    }
    return limited.admit(approach, action, &name);
  }
  // How many of ten pulls pass.
  int pulls(const std::string& peer) const {
    int passed = 0;
    for (int i = 0; i < 10; ++i) {
      passed += ask("", Action::Pull, peer).decision.allowed() ? 1 : 0;
    }
    return passed;
  }

  rha::test::FakeClock fakeClock;
  rha::base::MetricsRegistry own;
  AccessControl limited{folder.path() / "limited", fakeClock, logger, own};
};

TEST_F(LimitedAccessTest, each_client_of_a_class_has_its_own_allowance) {
  EXPECT_EQ(pulls("192.0.2.1"), 3);
  EXPECT_EQ(pulls("192.0.2.2"), 3);
  EXPECT_EQ(pulls("10.1.2.3"), 10) << "the first limit that fits decides, and it has no rate";
  EXPECT_EQ(pulls("2001:db8::1"), 3);
  EXPECT_EQ(pulls("2001:db8::2"), 0) << "the same /64";
  EXPECT_EQ(pulls("2001:db8:0:1::2"), 3);
  EXPECT_EQ(own.counter("registry_ha_access_limited_total", "", {{"limit", "others"}}).value(), 7U * 4 + 10);
  fakeClock.advance(std::chrono::seconds(2));
  EXPECT_EQ(pulls("192.0.2.1"), 2);
}

TEST_F(LimitedAccessTest, a_refusal_says_when_to_come_back) {
  pulls("192.0.2.1");
  const auto refused = ask("", Action::Pull, "192.0.2.1");
  EXPECT_EQ(verdict(refused.decision), "429");
  EXPECT_EQ(refused.decision.retryAfter, std::chrono::seconds(1));
  EXPECT_NE(refused.decision.reason.find("others"), std::string::npos) << refused.decision.reason;
  EXPECT_EQ(refused.decision.message.find("others"), std::string::npos) << "the client need not know";
}

TEST_F(LimitedAccessTest, an_account_is_counted_by_itself_wherever_it_comes_from) {
  EXPECT_EQ(verdict(ask(basic("ci-build"), Action::Push, "127.0.0.1").decision), "allow");
  EXPECT_EQ(verdict(ask(basic("ci-build"), Action::Push, "10.64.0.2").decision), "allow");
  EXPECT_EQ(verdict(ask(basic("ci-build"), Action::Push, "127.0.0.1").decision), "429");
  EXPECT_EQ(verdict(ask(basic("prod-build"), Action::Push, "127.0.0.1").decision), "allow") << "no limit fits it";
}

TEST_F(LimitedAccessTest, refusals_count_too_and_a_reload_fills_nothing) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(verdict(ask("", Action::Push, "192.0.2.1").decision).substr(0, 3), "401");
  }
  EXPECT_EQ(verdict(ask("", Action::Push, "192.0.2.1").decision), "429");
  ASSERT_TRUE(limited.reload(folder.path() / "limited"));
  EXPECT_EQ(verdict(ask("", Action::Push, "192.0.2.1").decision), "429");
}

TEST_F(LimitedAccessTest, the_largest_blob_depends_on_the_client) {
  EXPECT_EQ(ask(basic("ci-build"), Action::Push, "127.0.0.1").blobBytes, 1ULL << 30U);
  EXPECT_EQ(ask(basic("prod-build"), Action::Push, "127.0.0.1").blobBytes, 0U);
}

TEST_F(AccessControlTest, a_refused_request_names_the_account_that_was_claimed) {
  EXPECT_EQ(admit(basic("ci-build", "x"), Action::Push, "a").claimed, "ci-build");
  EXPECT_EQ(admit(basic("ci-build"), Action::Push, "a", "192.0.2.1").claimed, "ci-build");
  EXPECT_EQ(admit(basic("ci-build"), Action::Push, "a").claimed, "");
}

TEST_F(AccessControlTest, the_last_good_text_is_kept_for_the_owner_only) {
  EXPECT_EQ(rha::base::readFile(lastGood, 1 << 20), accessText("seed.yaml"));
  struct stat status {};
  ASSERT_EQ(::stat(lastGood.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AccessControlTest, a_start_with_a_broken_file_uses_the_last_good_one) {
  writeFile("rules: [");
  rha::base::MetricsRegistry own;
  AccessControl next(lastGood, clock, logger, own);
  next.open(file);
  EXPECT_TRUE(next.status().fromLastGood);
  EXPECT_EQ(own.gauge("registry_ha_access_file_broken", "").value(), 1);
  EXPECT_EQ(next.status().hash, control.status().hash);
  writeFile(accessText("newer.yaml"));
  ASSERT_TRUE(next.reload(file));
  EXPECT_FALSE(next.status().fromLastGood);
}

TEST_F(AccessControlTest, a_start_with_neither_is_refused_and_names_the_line) {
  writeFile("rules:\n- {namespace: a}\n");
  rha::base::MetricsRegistry own;
  AccessControl next(folder.path() / "none", clock, logger, own);
  try {
    next.open(file);
    FAIL() << "started without rules";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("access.yaml:2: the namespace"), std::string::npos) << error.what();
  }
}

TEST_F(AccessControlTest, requests_during_reloads_are_decided_by_one_file_or_the_other) {
  // One lets ci-build push to x, the other lets it pull from x: a mixture would allow both or neither.
  const std::string one = replaced(accessText("seed.yaml"), "  - namespace: \"\"\n",
                                   "  - {namespace: x/, pull: [kubernetes], push: [ci-build]}\n  - namespace: \"\"\n");
  const std::string other =
      replaced(accessText("seed.yaml"), "  - namespace: \"\"\n",
               "  - {namespace: x/, pull: [ci-build], push: [prod-build]}\n  - namespace: \"\"\n");
  ASSERT_TRUE(control.apply(one));
  std::atomic<bool> done = false;
  std::atomic<int> mixtures = 0;
  std::atomic<int> asked = 0;
  std::thread client([&] {
    const auto x = RepositoryName::parse("x").value();
    while (!done) {
      const auto admission = control.admit({"127.0.0.1", {}, std::nullopt}, std::nullopt, nullptr);
      const rha::access::Principal principal{"ci-build"};
      const bool push = admission.policy->decide({principal, admission.client, Action::Push, &x, nullptr}).allowed();
      const bool pull = admission.policy->decide({principal, admission.client, Action::Pull, &x, nullptr}).allowed();
      mixtures += push == pull ? 1 : 0;
      ++asked;
    }
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(control.apply(i % 2 == 0 ? other : one));
  }
  done = true;
  client.join();
  EXPECT_GT(asked, 0);
  EXPECT_EQ(mixtures, 0);
}

}  // namespace
