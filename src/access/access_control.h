// AccessControl: the rules in force, and how they are replaced while requests go on.
//
//   text of access.yaml ── parseAccess ── errors: nothing changes
//                              └── snapshot (policy, passwords, generation) ── swapped in whole ── kept as last good
//
// A request uses one snapshot from its beginning to its end. The order in which admit() looks at things is that of the
// header of its implementation: a password is checked last, and only where it matters.
// Owned by the composition root; thread-safe.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/gate.h"
#include "access/request_limiter.h"
#include "access/rule_policy.h"
#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/settings_check.h"

namespace rha::access {

struct AppliedAccess {
  std::uint64_t generation = 0;
  std::string hash;  // "sha256:…" of the text
  std::vector<std::string> changes;
};

struct AccessStatus {
  std::uint64_t generation = 0;
  std::string hash;
  std::chrono::seconds age{0};  // since it was applied
  Mode mode;
  bool fromLastGood = false;  // the file was broken at the start
};

struct RulesInForce {
  std::shared_ptr<const RulePolicy> policy;  // shared with the requests it admits
  std::uint64_t generation = 0;
};

class AccessControl final : public Gate {
 public:
  // `lastGood` is where the text in force is kept, mode 0600. The rest is borrowed.
  AccessControl(std::filesystem::path lastGood, const base::Clock& clock, const base::Logger& logger,
                base::MetricsRegistry& metrics, const LoginLimits& limits = {});

  // Called with rules that take writes where those in force, if any, do not, before any request has them. What it
  // throws is an error of apply(), and nothing changes. Before open(); may be called on several threads at once.
  void beforeWrites(std::function<void()> prepare) { prepareWrites_ = std::move(prepare); }
  // At the start: applies the file, or, if it has errors or is missing, what was in force last, with every error in the
  // log. Throws std::runtime_error when there is neither.
  void open(const std::filesystem::path& file);
  // Checks and swaps in. On errors the old rules stay in force.
  base::Result<AppliedAccess, config::SettingErrors> apply(std::string_view text);
  // apply() with the text of a file.
  base::Result<AppliedAccess, config::SettingErrors> reload(const std::filesystem::path& file);

  // Precondition of the rest: open() or apply() succeeded.
  [[nodiscard]] Admission admit(const Approach& approach, std::optional<Action> action,
                                const oci::RepositoryName* repository) const override;
  [[nodiscard]] std::optional<Admission> tryAdmit(const Approach& approach, std::optional<Action> action,
                                                  const oci::RepositoryName* repository) const override;
  [[nodiscard]] AccessStatus status() const;
  // Read-only mode or role passive.
  [[nodiscard]] bool refusesWrites() const;
  [[nodiscard]] RulesInForce rules() const;

 private:
  struct Snapshot {
    Snapshot(AccessDocument document, std::string accessText, LoginThrottle& throttle)
        : policy(std::make_shared<RulePolicy>(std::move(document))),
          authenticator(policy->document().accounts, throttle),
          text(std::move(accessText)) {}
    std::shared_ptr<const RulePolicy> policy;  // shared with the requests it admitted
    Authenticator authenticator;
    std::string text;
    std::string hash;
    std::uint64_t generation = 0;
    base::SteadyTime appliedAt;
    std::vector<base::Counter*> limited;  // for each of the document's limits
  };
  using SnapshotPointer = std::shared_ptr<const Snapshot>;  // shared with the requests under way

  [[nodiscard]] SnapshotPointer current() const { return *snapshot_.lock(); }
  void keepLastGood() const;
  // What beforeWrites() is for, if it is due; the error of what it throws.
  [[nodiscard]] std::optional<std::string> prepareFor(const AccessDocument& next) const;
  // How a password is looked at: all that is known of it, or nothing (it was not checked yet).
  using Prove = std::optional<Authenticator::Outcome> (*)(const Authenticator& authenticator,
                                                          const Credentials& credentials, const std::string& address);
  std::optional<Admission> admitBy(Prove prove, const Approach& approach, std::optional<Action> action,
                                   const oci::RepositoryName* repository) const;
  // Counts the request against the limit of its client, and refuses it when that is used up.
  void limit(const Snapshot& snapshot, Admission& admission) const;
  void take(Authenticator::Outcome outcome, const std::string& account, const Decision& claimed,
            Admission& admission) const;

  const std::filesystem::path lastGood_;
  std::function<void()> prepareWrites_;
  const base::Clock& clock_;
  const base::Logger& logger_;
  base::MetricsRegistry& metrics_;
  mutable LoginThrottle throttle_;
  mutable RequestLimiter limiter_;
  mutable base::LockGuarded<SnapshotPointer> snapshot_;
  std::atomic<bool> fromLastGood_ = false;
  base::Counter& ignored_;
  base::Counter& right_;
  base::Counter& wrong_;
  base::Counter& tooMany_;
  base::Gauge& generation_;
  base::Gauge& broken_;
  base::Counter& rejected_;
};

}  // namespace rha::access
