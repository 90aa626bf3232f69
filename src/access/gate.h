// Gate: lets a request in or not: finds out who asks, and has the policy decide.
//
// Thread-safe; called once for each request, before anything is looked up. admit() may block for a password's hash,
// unless there is no Authorization field.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "access/access_document.h"
#include "access/decision.h"

namespace rha::access {

// What a request shows of its sender. Borrowed from the request.
struct Approach {
  std::string_view peer;                       // the TCP peer's address
  std::vector<std::string_view> forwardedFor;  // all X-Forwarded-For fields, in order
  std::optional<std::string_view> authorization;
};

struct Admission {
  Decision decision;
  Principal principal;  // proven; anonymous unless a password was needed and right
  Client client;
  // Shared with the gate: what is in force for this request to its end, whatever is reloaded meanwhile.
  std::shared_ptr<const Policy> policy;
  std::uint64_t generation = 0;
  Mode mode;
};

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  virtual ~Gate() = default;

  // `action` is empty for what is open to everybody: only the client is found out then.
  [[nodiscard]] virtual Admission admit(const Approach& approach, std::optional<Action> action,
                                        const oci::RepositoryName* repository) const = 0;
};

// Asks a fixed policy about everybody as an anonymous client: for a registry without access.yaml, and for tests.
class AnonymousGate final : public Gate {
 public:
  explicit AnonymousGate(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}
  [[nodiscard]] Admission admit(const Approach& approach, std::optional<Action> action,
                                const oci::RepositoryName* repository) const override;

 private:
  std::shared_ptr<const Policy> policy_;
};

}  // namespace rha::access
