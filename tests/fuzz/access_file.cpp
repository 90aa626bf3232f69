// access.yaml: any text is either refused with errors that name their lines, or makes rules that agree with each other.
#include "access/access_file.h"

#include <algorithm>

#include "access/access_changes.h"
#include "access/access_findings.h"
#include "access/rule_policy.h"
#include "require.h"

using rha::access::AccessDocument;
using rha::access::Action;
using rha::access::Decision;
using rha::access::RulePolicy;
using rha::fuzz::require;

namespace {

void checkErrors(const rha::config::SettingErrors& errors, std::string_view text) {
  require(!errors.empty() && errors.size() <= 301, "there are errors, and not too many to be read");
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 2;
  for (const auto& error : errors) {
    require(!error.text.empty() && error.text.size() < 4000, "an error is a line of text");
    require(error.line >= 0 && error.line <= lines, "an error names a line of the file");
  }
}

void checkChallenge(const Decision& decision) {
  if (decision.verdict == Decision::Verdict::Challenge) {
    require(decision.challenge.starts_with("Basic realm=\"") && decision.challenge.back() == '"', "a challenge is one");
    require(std::count(decision.challenge.begin(), decision.challenge.end(), '"') == 2, "and has one realm");
  }
  require(decision.allowed() || !decision.message.empty(), "a refusal says something");
  require(!decision.reason.empty(), "a decision has a reason");
}

// What everybody may do an account may do too, and a mount is a push and a pull.
void checkRights(const RulePolicy& policy, const std::string& account, const std::string& address) {
  const auto name = rha::oci::RepositoryName::parse("restricted/x").value();
  const auto other = rha::oci::RepositoryName::parse("a").value();
  const rha::access::Principal anonymous;
  const rha::access::Principal principal{account};
  const rha::access::Client client{address};
  for (const Action action : {Action::Ping, Action::Catalog, Action::Pull, Action::Push, Action::Delete}) {
    const Decision open = policy.decide({anonymous, client, action, &name, nullptr});
    const Decision own = policy.decide({principal, client, action, &name, nullptr});
    checkChallenge(open);
    checkChallenge(own);
    require(!open.allowed() || own.allowed(), "an account may what everybody may");
    require(!open.allowed() || (action != Action::Push && action != Action::Delete), "only accounts write");
  }
  const bool push = policy.decide({principal, client, Action::Push, &name, nullptr}).allowed();
  const bool pull = policy.decide({principal, client, Action::Pull, &other, nullptr}).allowed();
  const bool mount = policy.decide({principal, client, Action::Push, &name, &other}).allowed();
  require(mount == (push && pull), "a mount is a push and a pull of its source");
}

void checkDocument(const AccessDocument& document) {
  require(rha::access::describeChanges(document, document).empty(), "nothing changes by itself");
  static_cast<void>(rha::access::accessFindings(document));
  const RulePolicy policy(document);
  const std::string address =
      document.uploaders.empty() ? "192.0.2.1" : document.uploaders.front().addresses.front().address().text();
  checkRights(policy, "nobody", address);
  for (std::size_t i = 0; i < std::min<std::size_t>(document.accounts.size(), 3); ++i) {
    checkRights(policy, document.accounts[i].name, address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  const auto document = rha::access::parseAccess(text);
  if (document) {
    checkDocument(*document);
  } else {
    checkErrors(document.error(), text);
  }
  return 0;
}
