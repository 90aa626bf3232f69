// The policies that the contract's cases run against: a new one adds a row here.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "access/decision.h"

namespace rha::access::test {

struct PolicyFactory {
  std::string name;
  std::function<std::unique_ptr<Policy>()> make;
  std::vector<std::string> accounts;  // that it knows
};

inline void PrintTo(const PolicyFactory& factory, std::ostream* out) { *out << factory.name; }

std::vector<PolicyFactory> policiesUnderTest();

}  // namespace rha::access::test
