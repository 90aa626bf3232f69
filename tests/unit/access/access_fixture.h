// A small language for access tests: the shipped access files, and questions in one line.
#pragma once

#include <gtest/gtest.h>

#include "access/access_file.h"
#include "access/rule_policy.h"
#include "base/files.h"

namespace rha::test {

inline std::string accessText(const std::string& name) {
  return base::readFile(std::string(RHA_TESTS_DIR) + "/fixtures/access/" + name, 1 << 20).value();
}

// The document of a text without errors.
inline access::AccessDocument accessOf(const std::string& text) {
  auto document = access::parseAccess(text);
  if (!document) {
    for (const auto& error : document.error()) {
      ADD_FAILURE() << config::toText("access.yaml", error);
    }
    return {};
  }
  return *std::move(document);
}

inline access::Decision ask(const access::Policy& policy, const std::string& account, const std::string& from,
                            access::Action action, const std::string& repository = "",
                            const std::string& mountFrom = "") {
  const access::Principal principal{account};
  const access::Client client{from};
  const auto name = repository.empty() ? std::nullopt : std::optional(oci::RepositoryName::parse(repository).value());
  const auto source = mountFrom.empty() ? std::nullopt : std::optional(oci::RepositoryName::parse(mountFrom).value());
  return policy.decide({principal, client, action, name ? &*name : nullptr, source ? &*source : nullptr});
}

// "allow", "401 CHALLENGE", "403" or "429".
inline std::string verdict(const access::Decision& decision) {
  switch (decision.verdict) {
    case access::Decision::Verdict::Allow:
      return "allow";
    case access::Decision::Verdict::Challenge:
      return "401 " + decision.challenge;
    case access::Decision::Verdict::Deny:
      return "403";
    case access::Decision::Verdict::TooMany:
      return "429";
  }
  return "";
}

}  // namespace rha::test
