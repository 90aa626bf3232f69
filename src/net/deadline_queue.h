// DeadlineQueue: deadlines in O(1): one list per class. All deadlines of a class are equally long, so a list in the
// order of setting is in the order of expiry.
//
// Owned by an EventLoop; its thread only. Entries are embedded in what they belong to (no allocation) and unlink
// themselves when destroyed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace rha::net {

enum class DeadlineClass : std::uint8_t { Handshake, Idle, Head, Body, Linger, Retry };
inline constexpr std::size_t kDeadlineClasses = 6;

class DeadlineEntry {
 public:
  DeadlineEntry() = default;
  DeadlineEntry(const DeadlineEntry&) = delete;
  DeadlineEntry& operator=(const DeadlineEntry&) = delete;
  virtual ~DeadlineEntry() { unlink(); }
  virtual void onDeadline() = 0;

 private:
  friend class DeadlineQueue;
  void unlink() {
    if (next_ != nullptr) {
      previous_->next_ = next_;
      next_->previous_ = previous_;
      next_ = previous_ = nullptr;
    }
  }
  DeadlineEntry* next_ = nullptr;  // null: no deadline is set
  DeadlineEntry* previous_ = nullptr;
  base::SteadyTime due_;
  DeadlineClass class_ = DeadlineClass::Idle;
};

class DeadlineQueue final {
 public:
  using Lengths = std::array<std::chrono::milliseconds, kDeadlineClasses>;
  explicit DeadlineQueue(const Lengths& lengths) : lengths_(lengths) {
    for (Sentinel& list : lists_) {
      list.next_ = list.previous_ = &list;
    }
  }

  // Sets or renews the entry's one deadline.
  void set(DeadlineEntry& entry, DeadlineClass kind, base::SteadyTime now) {
    entry.unlink();
    DeadlineEntry& list = lists_[index(kind)];
    entry.class_ = kind;
    entry.due_ = now + lengths_[index(kind)];
    entry.next_ = &list;
    entry.previous_ = list.previous_;
    list.previous_->next_ = &entry;
    list.previous_ = &entry;
  }
  void clear(DeadlineEntry& entry) { entry.unlink(); }
  [[nodiscard]] static bool isSet(const DeadlineEntry& entry, DeadlineClass kind) {
    return entry.next_ != nullptr && entry.class_ == kind;
  }
  // The entry of that class which was set first; null if there is none.
  [[nodiscard]] DeadlineEntry* oldest(DeadlineClass kind) {
    Sentinel& list = lists_[index(kind)];
    return list.next_ == &list ? nullptr : list.next_;
  }
  // The next expiry of all classes.
  [[nodiscard]] std::optional<base::SteadyTime> next() {
    std::optional<base::SteadyTime> soonest;
    for (std::size_t i = 0; i < kDeadlineClasses; ++i) {
      const DeadlineEntry* first = oldest(static_cast<DeadlineClass>(i));
      if (first != nullptr && (!soonest || first->due_ < *soonest)) {
        soonest = first->due_;
      }
    }
    return soonest;
  }
  // Calls onDeadline() of all that are due, each unlinked before.
  void expire(base::SteadyTime now) {
    for (std::size_t i = 0; i < kDeadlineClasses; ++i) {
      DeadlineEntry* first = oldest(static_cast<DeadlineClass>(i));
      while (first != nullptr && first->due_ <= now) {
        first->unlink();
        first->onDeadline();
        first = oldest(static_cast<DeadlineClass>(i));
      }
    }
  }

 private:
  struct Sentinel final : DeadlineEntry {
    void onDeadline() override {}
  };
  static std::size_t index(DeadlineClass kind) { return static_cast<std::size_t>(kind); }

  Lengths lengths_;
  std::array<Sentinel, kDeadlineClasses> lists_;
};

}  // namespace rha::net
