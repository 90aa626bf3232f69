// AuditLog: one line for each write and for each refusal: who, from where, what, by which rule, with what outcome.
//
//   event=audit id=9f… client=10.64.0.2 account=ci-build action=push method=PUT repository=a reference=v1 outcome=done
//   status=201 rule="\"\"" generation=3
//   event=audit id=9f… client=10.64.0.9 account=anonymous claimed=ci-build action=push method=POST repository=a
//   outcome=refused status=403 rule="\"\"" generation=3 reason="uploads are not accepted …"
//
// Apart from the access log: its lines are written whatever log.level and log.access are. `claimed` is the account that
// unproven credentials name. What is to be audited the API has marked by the field "action" in the request's log.
//
// An observer in front of another. Owned by the composition root; called on the engine's threads, many at once. Never
// throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/log.h"
#include "net/handler.h"

namespace rha::registryd {

enum class AuditScope : std::uint8_t { All, Writes, Off };
// "all", "writes"; anything else is off.
AuditScope auditScopeOf(std::string_view text);

class AuditLog final : public net::ExchangeObserver {
 public:
  // `logger` and `next` are borrowed.
  AuditLog(AuditScope scope, const base::Logger& logger, net::ExchangeObserver& next)
      : scope_(scope), logger_(logger), next_(next) {}

  void onStart(const net::Request& request) noexcept override { next_.onStart(request); }
  void onEnd(const net::Request& request, const net::ExchangeResult& result) noexcept override;
  net::Response onException(const net::Request& request, std::exception_ptr error) noexcept override {
    return next_.onException(request, std::move(error));
  }
  net::Response onRefused(const net::Address& peer, int status, std::string_view reason) noexcept override {
    return next_.onRefused(peer, status, reason);
  }
  net::Response onUnserved(const net::Request& request, int status, std::string_view reason) noexcept override {
    return next_.onUnserved(request, status, reason);
  }

 private:
  const AuditScope scope_;
  const base::Logger& logger_;
  net::ExchangeObserver& next_;
};

// The line, without level; nullopt for what is not audited.
std::optional<std::string> auditLine(const net::Request& request, const net::ExchangeResult& result, AuditScope scope);

}  // namespace rha::registryd
