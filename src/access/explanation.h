// explain(): what the rules decide about a question that an operator puts in words, and why.
//
// Pure; thread-safe. Failure: a text for the operator, which names the field that is wrong.
#pragma once

#include <string>

#include "access/rule_policy.h"
#include "base/result.h"

namespace rha::access {

struct ExplainRequest {
  std::string account;  // empty: anonymous
  std::string address;  // may be empty where the host does not matter
  std::string action;
  std::string repository;  // empty for ping and catalog
  std::string mountFrom;   // empty: no mount
};

struct Explanation {
  Decision decision;
  bool accountKnown = true;  // an anonymous client is known
  std::string limit;         // the limit that fits the client; empty: none does
};

// What is wrong with the question itself; "" if nothing is.
std::string explainFault(const ExplainRequest& request);
base::Result<Explanation, std::string> explain(const RulePolicy& policy, const ExplainRequest& request);

}  // namespace rha::access
