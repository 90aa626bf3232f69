// RegistryAddress: where a registry is, as people write it: "registry.example.org", "10.0.0.1:5000",
// "http://localhost:5000".
//
// Without a scheme it is https, as container clients have it, but http for this host itself (localhost, 127.0.0.0/8,
// [::1]). A value; thread-safe to read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rha::client {

class RegistryAddress final {
 public:
  // The error is for the operator.
  static base::Result<RegistryAddress, std::string> parse(std::string_view text);

  // "https://registry.example.org:5000", to put a path after.
  [[nodiscard]] const std::string& origin() const { return origin_; }
  // "registry.example.org:5000", as it stands before an image's name.
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  RegistryAddress(std::string origin, std::string host) : origin_(std::move(origin)), host_(std::move(host)) {}
  std::string origin_;
  std::string host_;
};

}  // namespace rha::client
