// Fsck: checks of the storage while the registry works, on one thread ("fsck"), for docker-registryctl fsck and adopt.
// One at a time; what a check knows lies beside the index (fsck.sqlite), so it goes on after a stop or a restart.
//
//   {"command":"fsck_start","repair":false,"delete":false,"read_all":false,"repositories":["a"],"bytes_per_second":0}
//   {"command":"fsck_start","resume":true}
//   {"command":"fsck_stop"}
//   {"command":"fsck_status","after":0}         "after": the number up to which findings are known
//     <- {"state":"running","options":{…},"progress":{…},"findings":[{…}],"number":17,"counts":[…]}
//        state: "none" (there was no check), "running", "stopped", "done", "failed" (with "error");
//        findings: check_finding.h's JSON, at most 500 at once; counts and sums once it does not run
//   each answers as fsck_status does
//
// Owned by the daemon. Its methods are called on the control server's threads; stop() by the daemon at its end. A
// registry that takes no writes checks, and refuses to repair.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "apps/registryd/registry_parts.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/result.h"
#include "index/check_ledger.h"
#include "registry/storage_check.h"

namespace rha::registryd {

class Fsck final {
 public:
  struct Settings {
    std::filesystem::path ledger;  // where it keeps what it knows
    std::uint64_t maxManifestBytes = 0;
    // Why the storage may not be written to now; "" if it may.
    std::function<std::string()> whyReadOnly;
  };
  using Answer = base::Result<std::string, std::string>;

  // All borrowed but the settings. `audit` null: repairs are not audited.
  Fsck(RegistryParts& parts, Settings settings, const base::Clock& clock, const base::Logger& logger,
       const base::Logger* audit);
  ~Fsck() { stop(); }
  Fsck(const Fsck&) = delete;
  Fsck& operator=(const Fsck&) = delete;

  // The commands; the request as JSON.
  Answer start(std::string_view request);
  Answer status(std::string_view request);
  Answer cancel();

  // Stops a check that runs; it may be resumed after the next start. Waits for its end. Idempotent.
  void stop();

 private:
  struct State {
    std::shared_ptr<index::CheckLedger> ledger;  // shared with the check that runs, and whoever reads its findings
    bool running = false;
    bool closed = false;
    std::string error;  // why it failed
    base::SteadyTime begun;
    std::thread thread;
  };
  // What a request asks for, or the error for the operator.
  base::Result<registry::CheckOptions, std::string> optionsOf(const nlohmann::json& request) const;
  Answer begin(const nlohmann::json& asked, bool resume);
  void run(const std::shared_ptr<index::CheckLedger>& ledger, const registry::CheckOptions& options,
           std::uint64_t bytesPerSecond);
  void pace(std::uint64_t bytes, std::uint64_t bytesPerSecond);
  void wait(std::chrono::milliseconds duration);
  void record(const registry::CheckFinding& finding) const;
  nlohmann::ordered_json progressJson(bool running, base::SteadyTime begun) const;
  std::shared_ptr<index::CheckLedger> ledger();

  RegistryParts& parts_;
  const Settings settings_;
  const base::Clock& clock_;
  const base::Logger& logger_;
  const base::Logger* audit_;
  registry::CheckProgress progress_;
  std::atomic<bool> stopping_ = false;  // the check that runs is to stop
  base::SteadyTime paidUntil_;          // of the thread only: reading goes on then
  base::LockGuarded<State> state_;
  std::condition_variable changed_;  // of state_
};

}  // namespace rha::registryd
