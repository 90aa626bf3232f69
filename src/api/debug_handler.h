// DebugHandler: what monitoring asks on the debug listener: /debug/health and /metrics.
//
// Owned by the composition root; thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/metrics.h"
#include "net/handler.h"

namespace rha::api {

class DebugHandler final : public net::Handler {
 public:
  // The checks that fail now, by name, with what is wrong for an operator to read; empty when all is well. Must be
  // thread-safe and quick.
  using Checks = std::function<std::map<std::string, std::string>()>;
  // `metrics` is borrowed.
  DebugHandler(base::MetricsRegistry& metrics, Checks checks) : metrics_(metrics), checks_(std::move(checks)) {}

  net::Disposition handle(net::Request& request) override;

 private:
  [[nodiscard]] net::Response health() const;

  base::MetricsRegistry& metrics_;
  Checks checks_;
};

}  // namespace rha::api
