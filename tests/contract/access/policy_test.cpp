#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <thread>

#include "contract/access/policies_under_test.h"

namespace rha::access::test {
namespace {

using Verdict = Decision::Verdict;
using oci::RepositoryName;

const std::vector<std::string> kRepositories{"a",           "a/b", "restricted", "restricted/x",
                                             "restrictedx", "ml",  "ml/x",       "mlx"};
// An uploader of every account in the shipped rules, a single builder, a proxy, a stranger, nonsense.
const std::vector<std::string> kAddresses{"127.0.0.1", "10.64.0.2", "10.2.1.13", "192.0.2.1", "2001:db8::1", "", "x"};
constexpr Action kActions[] = {Action::Ping, Action::Catalog, Action::Pull, Action::Push, Action::Delete};

// Every question that the suite asks, with the answer.
struct Case {
  std::string account;
  std::string address;
  Action action = Action::Ping;
  std::string repository;
  Decision decision;
};

std::string describe(const Case& each) {
  return (each.account.empty() ? "anonymous" : each.account) + " from " + each.address + ": " +
         std::string(toString(each.action)) + " " + each.repository + ": " +
         std::string(toString(each.decision.verdict)) + ", " + each.decision.reason;
}

class PolicyContract : public testing::TestWithParam<PolicyFactory> {
 protected:
  // Anonymous, every account, and one that nobody knows.
  std::vector<std::string> principals() const {
    std::vector<std::string> names = GetParam().accounts;
    names.emplace_back("");
    names.emplace_back("nobody-knows-me");
    return names;
  }

  Decision ask(const std::string& account, const std::string& address, Action action, const std::string& repository,
               const std::string& mountFrom = "") const {
    const Principal principal{account};
    const Client client{address};
    const auto name = RepositoryName::parse(repository).value();
    const bool needsName = action != Action::Ping && action != Action::Catalog;
    const auto from = mountFrom.empty() ? std::nullopt : std::optional(RepositoryName::parse(mountFrom).value());
    return policy->decide({principal, client, action, needsName ? &name : nullptr, from ? &*from : nullptr});
  }

  std::vector<Case> all() const {
    std::vector<Case> cases;
    for (const std::string& account : principals()) {
      for (const std::string& address : kAddresses) {
        for (const Action action : kActions) {
          for (const std::string& repository : kRepositories) {
            cases.push_back({account, address, action, repository, ask(account, address, action, repository)});
          }
        }
      }
    }
    return cases;
  }

  bool shows(const std::string& account, const std::string& repository) const {
    const auto namespaces = policy->visibleTo(Principal{account});
    const VisibleNamespace* longest = nullptr;
    for (const auto& each : namespaces) {
      const bool covers = repository.starts_with(each.prefix) || repository + "/" == each.prefix;
      if (covers && (longest == nullptr || each.prefix.size() > longest->prefix.size())) {
        longest = &each;
      }
    }
    return namespaces.empty() || (longest != nullptr && longest->visible);
  }

  const std::unique_ptr<Policy> policy = GetParam().make();
};

TEST_P(PolicyContract, every_decision_says_why_and_a_refusal_says_something_to_the_client) {
  for (const Case& each : all()) {
    EXPECT_FALSE(each.decision.reason.empty()) << describe(each);
    EXPECT_EQ(each.decision.allowed(), each.decision.message.empty()) << describe(each);
    EXPECT_EQ(each.decision.verdict == Verdict::Challenge, !each.decision.challenge.empty()) << describe(each);
    EXPECT_NE(each.decision.verdict, Verdict::TooMany) << describe(each) << ": how often is not a policy's concern";
  }
}

TEST_P(PolicyContract, a_challenge_is_one_basic_realm) {
  for (const Case& each : all()) {
    const std::string& challenge = each.decision.challenge;
    if (!challenge.empty()) {
      EXPECT_TRUE(challenge.starts_with("Basic realm=\"") && challenge.ends_with('"')) << challenge;
      EXPECT_EQ(std::count(challenge.begin(), challenge.end(), '"'), 2) << challenge;
    }
  }
}

TEST_P(PolicyContract, a_message_to_the_client_names_no_rule_account_or_repository) {
  for (const Case& each : all()) {
    for (const std::string& secret : {std::string("rule"), each.repository, each.account}) {
      if (secret.size() > 3) {
        EXPECT_EQ(each.decision.message.find(secret), std::string::npos)
            << describe(each) << ": " << each.decision.message;
      }
    }
  }
}

TEST_P(PolicyContract, the_same_question_has_the_same_answer) {
  for (const Case& each : all()) {
    const Decision again = ask(each.account, each.address, each.action, each.repository);
    EXPECT_EQ(again.verdict, each.decision.verdict) << describe(each);
    EXPECT_EQ(again.reason, each.decision.reason) << describe(each);
    EXPECT_EQ(again.challenge, each.decision.challenge) << describe(each);
  }
}

TEST_P(PolicyContract, what_everybody_may_do_every_account_may_do) {
  for (const Case& each : all()) {
    if (!each.decision.allowed() && !each.account.empty()) {
      EXPECT_FALSE(ask("", each.address, each.action, each.repository).allowed()) << describe(each);
    }
  }
}

TEST_P(PolicyContract, an_unknown_account_may_do_what_everybody_may_and_no_more) {
  for (const Case& each : all()) {
    const bool everybody = ask("", each.address, each.action, each.repository).allowed();
    if (each.account == "nobody-knows-me" && each.action != Action::Ping) {
      EXPECT_EQ(each.decision.allowed(), everybody) << describe(each);
    }
  }
}

TEST_P(PolicyContract, lists_show_exactly_what_may_be_pulled) {
  for (const std::string& account : principals()) {
    for (const std::string& repository : kRepositories) {
      EXPECT_EQ(shows(account, repository), ask(account, "127.0.0.1", Action::Pull, repository).allowed())
          << account << " " << repository;
    }
  }
}

TEST_P(PolicyContract, a_mount_is_a_push_and_a_pull_of_its_source) {
  for (const Case& each : all()) {
    if (each.action != Action::Push) {
      continue;
    }
    for (const std::string& source : kRepositories) {
      const bool pulls = ask(each.account, each.address, Action::Pull, source).allowed();
      EXPECT_EQ(ask(each.account, each.address, Action::Push, each.repository, source).allowed(),
                each.decision.allowed() && pulls)
          << describe(each) << " mounting from " << source;
    }
  }
}

TEST_P(PolicyContract, a_namespace_covers_the_repository_of_its_own_name_and_no_longer_word) {
  for (const std::string& account : principals()) {
    for (const std::string& address : kAddresses) {
      for (const Action action : {Action::Pull, Action::Push, Action::Delete}) {
        EXPECT_EQ(ask(account, address, action, "restricted").reason,
                  ask(account, address, action, "restricted/x").reason);
        EXPECT_EQ(ask(account, address, action, "restrictedx").reason, ask(account, address, action, "a").reason);
        EXPECT_EQ(ask(account, address, action, "mlx").reason, ask(account, address, action, "a").reason);
      }
    }
  }
}

TEST_P(PolicyContract, where_it_comes_from_does_not_matter_to_a_pull) {
  for (const Case& each : all()) {
    if (each.action == Action::Pull) {
      EXPECT_EQ(each.decision.verdict, ask(each.account, "127.0.0.1", Action::Pull, each.repository).verdict)
          << describe(each);
    }
  }
}

TEST_P(PolicyContract, many_threads_may_ask_at_once) {
  const auto expected = all();
  const auto disagreements = [&] {
    const auto found = all();
    return std::inner_product(
        found.begin(), found.end(), expected.begin(), 0, std::plus<>(),
        [](const Case& a, const Case& b) { return a.decision.verdict == b.decision.verdict ? 0 : 1; });
  };
  int other = -1;
  std::thread thread([&] { other = disagreements(); });
  const int own = disagreements();
  thread.join();
  EXPECT_EQ(own + other, 0);
}

INSTANTIATE_TEST_SUITE_P(Policies, PolicyContract, testing::ValuesIn(policiesUnderTest()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace rha::access::test
