// Writer: the one thread that writes an index ("index-write"). Callers hand it work and wait until the transaction that
// holds it is committed; all work that is waiting goes into one transaction, so that many callers share one commit.
//
// Owned by SqliteIndex. run() and runAlone() from any thread at once; start() and stop() from one. The queue is bounded
// by its callers: each waits for its own work. Failure: run() rethrows what its work or its commit threw; nothing of
// that work remains.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/lock_guarded.h"
#include "index/statement.h"

namespace rha::index {

class Writer final {
 public:
  // May run more than once: when other work of its transaction failed, it is rolled back and run again by itself.
  using Work = std::function<void(Connection&)>;

  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { stop(); }

  // Takes the connection and starts the thread. Precondition: not started.
  void start(Connection connection);
  // Finishes the work that is waiting, ends the thread and closes the connection; later work is refused. Again:
  // nothing.
  void stop() noexcept;

  // Runs `work` within a transaction and returns when it is committed.
  void run(const Work& work);
  // Runs `work` outside of any transaction, with no other work at the same time.
  void runAlone(const Work& work);

  // Callers whose work has not begun.
  [[nodiscard]] std::size_t waiting() { return queue_.lock()->jobs.size(); }

 private:
  enum class Kind : std::uint8_t { Shared, Alone };
  struct Job {
    Job(const Work& itsWork, Kind itsKind) : work(itsWork), kind(itsKind) {}
    const Work& work;  // the caller's, who waits
    Kind kind;
    std::promise<void> done;
  };
  using Batch = std::vector<std::unique_ptr<Job>>;
  struct Queue {
    std::deque<std::unique_ptr<Job>> jobs;
    bool open = false;
  };

  void submit(const Work& work, Kind kind);
  void serve(Connection connection);
  Batch take();
  static void commitTogether(Connection& connection, std::span<const std::unique_ptr<Job>> batch);
  static void runJobs(Connection& connection, std::span<const std::unique_ptr<Job>> batch);

  base::LockGuarded<Queue> queue_;
  std::condition_variable changed_;  // of queue_
  std::thread thread_;
};

}  // namespace rha::index
