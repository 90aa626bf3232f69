// Housekeeper: what the registry does by itself, on one thread ("house"): it makes the index when that is missing or
// damaged, brings it up to the journal, reads repositories again of which an index write failed, and removes uploads
// that nobody finished.
//
// Owned by the daemon. start() and stop() from one thread, once each. Failures are logged and tried again later: pulls
// and pushes need none of this.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>

#include "apps/registryd/registry_parts.h"
#include "base/lock_guarded.h"
#include "index/list_gate.h"

namespace rha::registryd {

class Housekeeper final {
 public:
  // All borrowed but `mayWrite`, which says whether the storage may be written to now: a passive or read-only registry
  // removes nothing.
  Housekeeper(
      RegistryParts& parts, std::chrono::milliseconds purgeInterval, const base::Logger& logger,
      base::MetricsRegistry& metrics, std::function<bool()> mayWrite = [] { return true; });
  ~Housekeeper() { stop(); }
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  void start();
  // Breaks off what it is doing. Idempotent.
  void stop();
  // Closed until the index is complete and up to the journal.
  [[nodiscard]] index::ListGate& lists() { return lists_; }

  // For `status` and systemd: "complete", or "building: 17 repositories so far".
  [[nodiscard]] std::string indexText() const;

 private:
  struct State {
    bool stopping = false;
  };

  void run();
  void seeToIndex();
  void bringUpToDate();
  void rebuild();
  void catchUp();
  void readDirtyAgain();
  void purgeUploads();
  void addMetrics(base::MetricsRegistry& metrics);
  void sleep(std::chrono::milliseconds duration);
  // Runs `work`; logs as `event` what it throws. False if it threw.
  template <typename Work>
  bool attempt(std::string_view event, Work&& work);

  RegistryParts& parts_;
  const std::chrono::milliseconds purgeInterval_;
  const base::Logger& logger_;
  const std::function<bool()> mayWrite_;
  base::Counter& purged_;
  registry::BuildProgress progress_;
  index::ListGate lists_;
  std::atomic<bool> stop_ = false;
  std::chrono::steady_clock::time_point rebuildAfter_;  // of the thread only, as is the next
  std::chrono::steady_clock::time_point purgeAfter_;
  base::LockGuarded<State> state_;
  std::condition_variable changed_;  // of state_
  bool caughtUp_ = false;            // of the thread only
  std::thread thread_;
};

}  // namespace rha::registryd
