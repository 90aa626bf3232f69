#include "access/access_control.h"

#include <algorithm>
#include <stdexcept>

#include "access/access_changes.h"
#include "access/access_file.h"
#include "access/forwarded.h"
#include "base/error.h"
#include "base/files.h"
#include "oci/digest.h"

namespace rha::access {
namespace {

using Verdict = Decision::Verdict;

constexpr std::string_view kLoginsHelp = "Passwords that decided about a request, by how they were found.";

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "none" : text;
}

std::string siteOf(const Client& client) {
  const auto address = IpAddress::parse(client.address);
  return address ? address->site() : client.address;
}

base::Result<std::string, config::SettingErrors> readText(const std::filesystem::path& file) {
  try {
    if (auto text = base::readFile(file, kLargestAccessFile)) {
      return *std::move(text);
    }
    return base::fail(config::SettingErrors{{0, "there is no such file"}});
  } catch (const base::IoError& error) {
    return base::fail(config::SettingErrors{{0, "cannot be read: " + error.code().message()}});
  } catch (const std::length_error&) {
    return base::fail(config::SettingErrors{{0, "is larger than 4 MiB; this cannot be an access file"}});
  }
}

}  // namespace

AccessControl::AccessControl(std::filesystem::path lastGood, const base::Clock& clock, const base::Logger& logger,
                             base::MetricsRegistry& metrics, const LoginLimits& limits)
    : lastGood_(std::move(lastGood)),
      clock_(clock),
      logger_(logger),
      metrics_(metrics),
      throttle_(limits),
      ignored_(metrics.counter("registry_ha_access_credentials_ignored_total",
                               "Requests with credentials that were answered as anonymous ones, unchecked.")),
      right_(metrics.counter("registry_ha_access_logins_total", kLoginsHelp, {{"result", "right"}})),
      wrong_(metrics.counter("registry_ha_access_logins_total", kLoginsHelp, {{"result", "wrong"}})),
      tooMany_(metrics.counter("registry_ha_access_logins_total", kLoginsHelp, {{"result", "too_many"}})),
      generation_(metrics.gauge("registry_ha_access_generation", "Number of the access rules in force.")),
      broken_(metrics.gauge("registry_ha_access_file_broken",
                            "1 while the last good rules are in force because the file has errors.")),
      rejected_(metrics.counter("registry_ha_access_rejected_total", "Access files that were refused for errors.")) {
  metrics.gaugeFunction("registry_ha_access_age_seconds", "Time since the access rules in force were applied.", [this] {
    const auto snapshot = current();
    return snapshot ? std::chrono::duration<double>(clock_.steady() - snapshot->appliedAt).count() : 0.0;
  });
  metrics.gaugeFunction("registry_ha_access_limit_clients", "Clients whose requests are being counted against a limit.",
                        [this] { return static_cast<double>(limiter_.size()); });
  metrics.gaugeFunction("registry_ha_read_only", "1 while writes are refused: read-only mode or role passive.", [this] {
    const auto snapshot = current();
    return snapshot && snapshot->policy->document().mode.refusesWrites() ? 1.0 : 0.0;
  });
}

void AccessControl::open(const std::filesystem::path& file) {
  const auto applied = reload(file);
  if (applied) {
    return;
  }
  for (const config::SettingError& error : applied.error()) {
    logger_.error("access_file_broken", {{"error", config::toText(file, error)}});
  }
  const auto text = readText(lastGood_);
  if (!text || !apply(*text)) {
    throw std::runtime_error(config::toText(file, applied.error().front()) +
                             " (and no earlier access rules are kept in " + lastGood_.string() + ")");
  }
  fromLastGood_ = true;
  broken_.set(1);
  logger_.error("access_last_good",
                {{"file", file.string()},
                 {"in_force", lastGood_.string()},
                 {"to_do", "correct the file and reload: the rules in force are the last good ones"}});
}

base::Result<AppliedAccess, config::SettingErrors> AccessControl::reload(const std::filesystem::path& file) {
  auto text = readText(file);
  if (!text) {
    rejected_.add();
    return base::fail(std::move(text).error());
  }
  return apply(*text);
}

base::Result<AppliedAccess, config::SettingErrors> AccessControl::apply(std::string_view text) {
  auto document = parseAccess(text);
  if (!document) {
    rejected_.add();
    return base::fail(std::move(document).error());
  }
  if (auto fault = prepareFor(*document)) {
    rejected_.add();
    return base::fail(config::SettingErrors{{0, "is not put in force: " + *std::move(fault)}});
  }
  auto next = std::make_shared<Snapshot>(*std::move(document), std::string(text), throttle_);
  next->hash = oci::Digest::of(text).text();
  next->appliedAt = clock_.steady();
  for (const ClientLimit& each : next->policy->document().limits) {
    next->limited.push_back(&metrics_.counter("registry_ha_access_limited_total",
                                              "Requests that were refused because a limit was used up.",
                                              {{"limit", each.name}}));
  }
  AppliedAccess applied{0, next->hash, {}};
  SnapshotPointer before;
  {
    auto snapshot = snapshot_.lock();
    before = *snapshot;
    next->generation = before ? before->generation + 1 : 1;
    *snapshot = next;
  }
  applied.generation = next->generation;
  applied.changes = describeChanges(before ? before->policy->document() : AccessDocument{}, next->policy->document());
  generation_.set(static_cast<std::int64_t>(applied.generation));
  fromLastGood_ = false;
  broken_.set(0);
  keepLastGood();
  logger_.info("access_applied",
               {{"generation", applied.generation}, {"hash", applied.hash}, {"changes", joined(applied.changes)}});
  return applied;
}

std::optional<std::string> AccessControl::prepareFor(const AccessDocument& next) const {
  const auto before = current();
  const bool due = !before || before->policy->document().mode.refusesWrites();
  if (!prepareWrites_ || next.mode.refusesWrites() || !due) {
    return std::nullopt;
  }
  try {
    prepareWrites_();
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Once more if another thread applied something meanwhile: whoever writes last writes what is in force.
void AccessControl::keepLastGood() const {
  SnapshotPointer kept;
  try {
    do {
      kept = current();
      base::createFolders(lastGood_.parent_path(), base::Durability::Durable);
      base::writeFileAtomically(lastGood_, kept->text, base::Durability::Durable, 0600);
    } while (kept != current());
  } catch (const base::IoError& error) {
    logger_.error("access_last_good_not_kept", {{"error", error.what()}});
  }
}

// 1. What an anonymous client may do needs no password, so none is checked: a client with an old one still pulls.
// 2. Without credentials, the answer is the anonymous one: a challenge or a refusal.
// 3. What the named account may not do from here is refused before the password is looked at: no oracle.
// 4. The password decides. It is checked too where the account has no right, so that the answer comes as late.
// 5. The limit of the client, which may depend on the account, is looked at last: it counts refusals, too.
std::optional<Admission> AccessControl::admitBy(Prove prove, const Approach& approach, std::optional<Action> action,
                                                const oci::RepositoryName* repository) const {
  const SnapshotPointer snapshot = current();
  const RulePolicy& policy = *snapshot->policy;
  Admission admission;
  admission.client.address = clientAddress(approach.peer, approach.forwardedFor, policy.document().trustedProxies);
  admission.policy = snapshot->policy;
  admission.generation = snapshot->generation;
  admission.mode = policy.document().mode;
  if (!action) {
    return admission;
  }
  admission.decision = policy.decide({admission.principal, admission.client, *action, repository, nullptr});
  const auto credentials = approach.authorization ? parseBasic(*approach.authorization) : std::nullopt;
  if (admission.decision.allowed() && approach.authorization) {
    ignored_.add();
  }
  if (admission.decision.allowed() || !credentials) {
    limit(*snapshot, admission);
    return admission;
  }
  const Decision claimed =
      policy.decide({Principal{credentials->account}, admission.client, *action, repository, nullptr});
  admission.claimed = credentials->account;
  if (claimed.verdict == Verdict::Deny) {
    admission.decision = claimed;
    limit(*snapshot, admission);
    return admission;
  }
  const auto outcome = prove(snapshot->authenticator, *credentials, admission.client.address);
  if (!outcome) {
    return std::nullopt;
  }
  take(*outcome, credentials->account, claimed, admission);
  limit(*snapshot, admission);
  return admission;
}

void AccessControl::limit(const Snapshot& snapshot, Admission& admission) const {
  const ClientLimit* limit = snapshot.policy->limitFor(admission.principal, admission.client);
  if (limit == nullptr) {
    return;
  }
  admission.blobBytes = limit->blobBytes;
  if (limit->rate.perSecond == 0) {
    return;
  }
  const std::string client =
      admission.principal.anonymous() ? siteOf(admission.client) : '@' + admission.principal.name;
  const auto wait = limiter_.take(limit->name, client, limit->rate, clock_.steady());
  if (!wait) {
    return;
  }
  snapshot.limited[static_cast<std::size_t>(limit - snapshot.policy->document().limits.data())]->add();
  admission.decision = {
      Verdict::TooMany,
      "the limit " + limit->name + " of " + std::to_string(limit->rate.perSecond) + " requests a second is used up",
      "too many requests; try again later",
      {},
      admission.decision.rule,
      std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(*wait))};
}

Admission AccessControl::admit(const Approach& approach, std::optional<Action> action,
                               const oci::RepositoryName* repository) const {
  const auto verify = [](const Authenticator& authenticator, const Credentials& credentials,
                         const std::string& address) {
    return std::optional(authenticator.verify(credentials.account, credentials.password, address));
  };
  return *admitBy(verify, approach, action, repository);
}

std::optional<Admission> AccessControl::tryAdmit(const Approach& approach, std::optional<Action> action,
                                                 const oci::RepositoryName* repository) const {
  const auto recall = [](const Authenticator& authenticator, const Credentials& credentials, const std::string&) {
    return authenticator.recall(credentials.account, credentials.password);
  };
  return admitBy(recall, approach, action, repository);
}

void AccessControl::take(Authenticator::Outcome outcome, const std::string& account, const Decision& claimed,
                         Admission& admission) const {
  switch (outcome) {
    case Authenticator::Outcome::Right:
      right_.add();
      admission.principal.name = account;
      admission.claimed.clear();
      admission.decision = claimed;
      return;
    case Authenticator::Outcome::Wrong:
      wrong_.add();
      admission.decision.reason = "wrong password for " + account;
      return;
    case Authenticator::Outcome::TooMany:
      tooMany_.add();
      admission.decision = {Verdict::TooMany,
                            "too many passwords for " + account + " from this address",
                            "too many logins; try again later",
                            {},
                            admission.decision.rule};
      return;
  }
}

AccessStatus AccessControl::status() const {
  const SnapshotPointer snapshot = current();
  return {snapshot->generation, snapshot->hash,
          std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - snapshot->appliedAt),
          snapshot->policy->document().mode, fromLastGood_.load()};
}

bool AccessControl::refusesWrites() const { return current()->policy->document().mode.refusesWrites(); }

RulesInForce AccessControl::rules() const {
  const SnapshotPointer snapshot = current();
  return {snapshot->policy, snapshot->generation};
}

}  // namespace rha::access
