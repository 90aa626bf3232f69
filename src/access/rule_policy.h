// RulePolicy: who may do what by the rules of access.yaml.
//
//   pull            the rule's grant, else the rule's pull realm is asked for
//   push, delete    1. a passive or read-only registry refuses, and says so
//                   2. no credentials: the rule's push realm is asked for
//                   3. from an address that is no uploader's: refused, whatever the credentials are
//                   4. no right in the namespace: the rule's push realm is asked for
//                   5. the right, but not from this host: refused
//   mount           a push, and a pull of the source
//
// The longest namespace that covers the repository decides alone. Immutable, so thread-safe; pure; never fails.
#pragma once

#include "access/access_document.h"
#include "access/decision.h"

namespace rha::access {

class RulePolicy final : public Policy {
 public:
  // The document was made by parseAccess().
  explicit RulePolicy(AccessDocument document);

  [[nodiscard]] Decision decide(const Question& question) const override;
  [[nodiscard]] VisibleNamespaces visibleTo(const Principal& principal) const override;
  // The limit of a client, whose account was proven; null if none fits.
  [[nodiscard]] const ClientLimit* limitFor(const Principal& principal, const Client& client) const;
  [[nodiscard]] const AccessDocument& document() const { return document_; }

 private:
  [[nodiscard]] const Rule* ruleFor(const std::string& repository) const;
  [[nodiscard]] Decision decidePing(const Question& question) const;
  [[nodiscard]] Decision decideCatalog(const Question& question) const;
  [[nodiscard]] Decision decidePull(const Principal& principal, const std::string& repository) const;
  [[nodiscard]] Decision decideWrite(const Question& question) const;
  [[nodiscard]] std::string refusalByMode() const;

  AccessDocument document_;  // rules: the longest namespace first
};

// `Basic realm="…"`. Precondition: the realm is one of a checked document.
std::string basicChallenge(const std::string& realm);

}  // namespace rha::access
