// ReaderPool: a fixed number of read connections, lent to one read at a time each.
//
// Owned by SqliteIndex. Thread-safe but for open(). The connections are opened, and have read once, when open()
// returns: from then on they hold all their files, and renaming or unlinking those does not touch them. Failure:
// IndexError, also when no connection came free in time or the pool is closed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"
#include "index/statement.h"

namespace rha::index {

class ReaderPool final {
 public:
  // A borrowed connection; goes back when destroyed.
  class Lease final {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection) : pool_(pool), connection_(std::move(connection)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.giveBack(std::move(connection_)); }
    Connection& operator*() { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  ReaderPool() = default;
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;
  ~ReaderPool() { close(); }

  // Opens `count` connections (at least one). `patience` bounds waiting for another process and for a free connection.
  void open(const std::filesystem::path& path, unsigned count, std::chrono::milliseconds patience);
  // Refuses further leases, waits until those out are back, and closes the connections. Again: nothing.
  void close() noexcept;

  Lease lease();

 private:
  struct State {
    std::vector<std::unique_ptr<Connection>> idle;  // the last used is lent first: its cache is warm
    std::size_t total = 0;
    bool open = false;
    std::chrono::milliseconds patience{0};
  };

  void giveBack(std::unique_ptr<Connection> connection) noexcept;

  base::LockGuarded<State> state_;
  std::condition_variable returned_;  // of state_
};

}  // namespace rha::index
