// Housekeeper: what the registry does by itself, on one thread ("house"): it makes the index when that is missing or
// damaged, brings it up to the journal, reads repositories again of which an index write failed, removes uploads that
// nobody finished, and packs old records of the journal.
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
#include "registry/journal_catch_up.h"
#include "registry/journal_packs.h"

namespace rha::registryd {

struct HousekeepingConditions {
  // Whether the storage may be written to now: a passive or read-only registry removes nothing.
  std::function<bool()> mayWrite = [] { return true; };
  // Whether the process that handed over to this one, if there was one, has ended.
  std::function<bool()> alone = [] { return true; };
  // Age at which publications of blobs that died are cleared away.
  std::chrono::milliseconds leftoversAfter = std::chrono::hours(24 * 7);
  // Age at which records of the journal are packed.
  std::chrono::milliseconds journalPackedAfter = registry::kPackJournalAfter;
};

class Housekeeper final {
 public:
  // All borrowed but the conditions.
  Housekeeper(RegistryParts& parts, std::chrono::milliseconds purgeInterval, const base::Logger& logger,
              base::MetricsRegistry& metrics, HousekeepingConditions conditions = {});
  ~Housekeeper() { stop(); }
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  // Before start(), for a process that takes over: brings the index up to the journal, so that lists are answered from
  // its first request on. Returns as it is where the index must be built first, or the storage does not answer: start()
  // sees to that.
  void openLists();
  void start();
  // Breaks off what it is doing. Idempotent.
  void stop();
  // Another process does all this from now on; what it is doing is broken off. It only notes how far the journal is
  // settled.
  void yield();
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
  void noteSettled();
  void rebuild();
  void catchUp(registry::OtherWriters others);
  void readDirtyAgain();
  void purgeUploads();
  void packJournal();
  void notePurged(std::uint64_t count);
  void addMetrics(base::MetricsRegistry& metrics);
  void sleep(std::chrono::milliseconds duration);
  // Runs `work`; logs as `event` what it throws. False if it threw.
  template <typename Work>
  bool attempt(std::string_view event, Work&& work);

  RegistryParts& parts_;
  const std::chrono::milliseconds purgeInterval_;
  const base::Logger& logger_;
  const HousekeepingConditions conditions_;
  base::Counter& purged_;
  registry::BuildProgress progress_;
  index::ListGate lists_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> yielded_ = false;
  std::atomic<bool> breakOff_ = false;                  // either of them
  std::chrono::steady_clock::time_point rebuildAfter_;  // of the thread only, as is the next
  std::chrono::steady_clock::time_point purgeAfter_;
  base::LockGuarded<State> state_;
  std::condition_variable changed_;  // of state_
  bool caughtUp_ = false;            // of the thread, and of openLists() before it; as is the next
  bool caughtUpAlone_ = false;       // with what the process before wrote to its end
  std::thread thread_;
};

}  // namespace rha::registryd
