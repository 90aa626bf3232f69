// ChangeCounters: counts changes of what may be cached, so that a cache can tell whether what it holds still stands.
//
//   writer:  change = begin(path) ── storage is changed ── ~Change()       begun +1 … ended +1
//   reader:  stamp = quiet(path) ─── storage is read ───── kept            only while begun == ended
//   later:   stands(stamp)                                                 begun has not moved
//
// A path's counter is one of a fixed number, chosen by its hash: paths that share one cost each other a miss, never a
// stale answer. The counters lie in memory that all processes share which have the same storage open (change_file.h),
// so a process sees the changes of another one at once, while one hands over to the next. One that dies in the middle
// of a change leaves its counter begun and not ended: nothing is kept under it until all processes have ended.
// Owned by a StorageDriver, which outlives the stamps and changes. Thread-safe, lock-free; nothing fails but the
// constructors (IoError).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/fd.h"

namespace rha::storage {

class ChangeCounters final {
 public:
  // The format of the shared file: other versions of this program must find the same counter for the same path.
  static constexpr std::size_t kFileBytes = 256 * 1024;

  struct Counter {
    std::atomic<std::uint64_t> begun;
    std::atomic<std::uint64_t> ended;
  };

  // What was there when the storage was about to be read.
  struct Stamp {
    const Counter* counter = nullptr;
    std::uint64_t begun = 0;
  };

  // A change under way; ends with the object, whether it came to pass or not. Without a counter: of what nobody counts.
  class Change final {
   public:
    Change() = default;
    explicit Change(Counter& counter) : counter_(&counter) { counter.begun.fetch_add(1); }
    Change(Change&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
    Change& operator=(Change&&) = delete;
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change() {
      if (counter_ != nullptr) {
        counter_->ended.fetch_add(1);
      }
    }

   private:
    Counter* counter_ = nullptr;
  };

  // Of this process alone.
  ChangeCounters();
  // In `file`, which holds kFileBytes and is only written by ChangeCounters; it stays open (and locked, if it is).
  explicit ChangeCounters(base::Fd file);

  // Precedes every change of the object at `path`; the change ends before anybody is told of it.
  [[nodiscard]] Change begin(std::string_view path) { return Change(counters_.get()[slot(path)]); }
  // nullopt: a change is under way, so what is read now must not be kept.
  [[nodiscard]] std::optional<Stamp> quiet(std::string_view path) const;
  [[nodiscard]] static bool stands(const Stamp& stamp) { return stamp.counter->begun.load() == stamp.begun; }

 private:
  struct Unmap {
    void operator()(Counter* counters) const;
  };
  static std::unique_ptr<Counter[], Unmap> map(int file);
  static std::size_t slot(std::string_view path);

  base::Fd file_;
  std::unique_ptr<Counter[], Unmap> counters_;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "counters are shared between processes");

}  // namespace rha::storage
