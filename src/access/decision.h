// decide(): the one function that says who may do what (architecture, decision 3). Called before any lookup; a denied
// request makes no storage and no index call.
//
// Pure given its snapshot; thread-safe; never fails. Contract suite: tests/contract/access.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/names.h"

namespace rha::access {

// What a request wants to do.
enum class Action : std::uint8_t {
  Ping,     // GET /v2/
  Catalog,  // list repositories
  Pull,     // blobs, manifests, tags, referrers, history
  Push,     // uploads, manifests
  Delete,   // tags, manifests, blobs
};
std::string_view toString(Action action);
// nullopt: none of the words that toString() gives.
std::optional<Action> parseAction(std::string_view text);

// Who asks. `name` is empty for an anonymous client.
struct Principal {
  std::string name;
  [[nodiscard]] bool anonymous() const { return name.empty(); }
};

// Where the request comes from: the address after trusted proxies were taken into account.
struct Client {
  std::string address;
};

struct Question {
  const Principal& principal;
  const Client& client;
  Action action = Action::Ping;
  const oci::RepositoryName* repository = nullptr;  // null for Ping and Catalog
  const oci::RepositoryName* mountFrom = nullptr;   // Push with a cross-repository mount
};

struct Decision {
  enum class Verdict : std::uint8_t {
    Allow,
    Challenge,  // 401 with `challenge`
    Deny,       // 403
    TooMany,    // 429: too many requests, or passwords to be checked; try again
  };
  Verdict verdict = Verdict::Allow;
  std::string reason;                  // for the log, the audit line and `explain`: names the rule
  std::string message;                 // for the client: says no more than it may know
  std::string challenge;               // value of WWW-Authenticate, with Challenge
  std::string rule = {};               // the namespace of the rule that decided, in quotes; empty if none did
  std::chrono::seconds retryAfter{5};  // with TooMany
  [[nodiscard]] bool allowed() const { return verdict == Verdict::Allow; }
};

std::string_view toString(Decision::Verdict verdict);

// Which repositories a principal may learn of: the longest prefix that matches says so; what none matches is hidden,
// unless there are none at all. "restricted/" covers the repository "restricted" too.
struct VisibleNamespace {
  std::string prefix;
  bool visible = true;
};
using VisibleNamespaces = std::vector<VisibleNamespace>;

// Holds the policy in force. One implementation decides by rules (access.yaml); AllowAll is for a registry without any.
class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;
  [[nodiscard]] virtual Decision decide(const Question& question) const = 0;
  // What lists may show to the principal.
  [[nodiscard]] virtual VisibleNamespaces visibleTo(const Principal& principal) const {
    static_cast<void>(principal);
    return {};
  }
};

// Allows everything to everybody.
class AllowAll final : public Policy {
 public:
  [[nodiscard]] Decision decide(const Question& question) const override;
};

}  // namespace rha::access
