#include "contract/access/policies_under_test.h"

#include <stdexcept>

#include "access/access_file.h"
#include "access/rule_policy.h"
#include "base/files.h"

namespace rha::access::test {
namespace {

std::string shipped(const std::string& name) {
  return base::readFile(std::string(RHA_TESTS_DIR) + "/fixtures/access/" + name, 1 << 20).value();
}

PolicyFactory byRules(const std::string& name, const std::string& text) {
  auto document = parseAccess(text);
  if (!document) {
    throw std::runtime_error(name + ": " + document.error().front().text);
  }
  std::vector<std::string> accounts;
  for (const Account& account : document->accounts) {
    accounts.push_back(account.name);
  }
  return {name, [rules = *document] { return std::make_unique<RulePolicy>(rules); }, std::move(accounts)};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

std::vector<PolicyFactory> policiesUnderTest() {
  const std::string newer = shipped("newer.yaml");
  return {
      {"AllowAll", [] { return std::make_unique<AllowAll>(); }, {}},
      byRules("SeedRules", shipped("seed.yaml")),
      byRules("NewerRules", newer),
      byRules("ReadOnly", replaced(newer, "read_only: false", "read_only: true")),
      byRules("Passive", replaced(newer, "role: active", "role: passive, active_url: \"https://active.example\"")),
      byRules("NoRules", "rules: []"),
  };
}

}  // namespace rha::access::test
