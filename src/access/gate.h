// Gate: lets a request in or not: finds out who asks, and has the policy decide.
//
// Thread-safe; a request is admitted once, before anything is looked up. admit() may block for a password's hash;
// tryAdmit() never blocks, and leaves only that case to admit().
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
  std::string claimed;  // the account of a refused request's credentials, which proved nothing
  Client client;
  // Shared with the gate: what is in force for this request to its end, whatever is reloaded meanwhile.
  std::shared_ptr<const Policy> policy;
  std::uint64_t generation = 0;
  std::uint64_t blobBytes = 0;  // largest blob the client may upload; 0: no limit of its class
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
  // The same without blocking, for the event thread. nullopt: a password is to be checked that was not before; nothing
  // was counted, and admit() is to be called on a thread that may block. What is not nullopt is the request's
  // admission: asking again would count it twice.
  [[nodiscard]] virtual std::optional<Admission> tryAdmit(const Approach& approach, std::optional<Action> action,
                                                          const oci::RepositoryName* repository) const = 0;
};

// Asks a fixed policy about everybody as an anonymous client: for a registry without access.yaml, and for tests.
class AnonymousGate final : public Gate {
 public:
  explicit AnonymousGate(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}
  [[nodiscard]] Admission admit(const Approach& approach, std::optional<Action> action,
                                const oci::RepositoryName* repository) const override;
  [[nodiscard]] std::optional<Admission> tryAdmit(const Approach& approach, std::optional<Action> action,
                                                  const oci::RepositoryName* repository) const override {
    return admit(approach, action, repository);
  }

 private:
  std::shared_ptr<const Policy> policy_;
};

}  // namespace rha::access
