// Api: a gtest fixture with the API open to everybody.
#pragma once

#include <gtest/gtest.h>

#include "api_under_test.h"

namespace rha::test {

class Api : public testing::Test {
 protected:
  OpenPolicy policy;
  ApiUnderTest api{policy};

  static std::string digestOf(const std::string& bytes) { return oci::Digest::of(bytes).text(); }

  // The code of an error answer's body.
  static std::string codeOf(const Answer& answer) {
    const std::string before = "{\"errors\":[{\"code\":\"";
    if (!answer.body.starts_with(before)) {
      return "no error body: " + answer.body;
    }
    return answer.body.substr(before.size(), answer.body.find('"', before.size()) - before.size());
  }
};

}  // namespace rha::test
