// ProcessLocks: turns between processes that have the same registry open, as while one hands over to the next.
//
//   PLACE = one byte of a file, far beyond its end; holding it = an open file description lock (fcntl F_OFD_SETLK)
//
// Two holders in one process are not told apart: they take their turns by a mutex first. A lock goes with the process,
// however that ends. What a place stands for is the caller's and part of the format: other versions of this program
// lock the same places for the same things. Owned by the composition root; outlives what it gave. Thread-safe. Failure:
// base::IoError.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "base/fd.h"

namespace rha::registry {

class ProcessLocks final {
 public:
  // A place that is held, until the object ends.
  class Held final {
   public:
    Held() = default;
    Held(const ProcessLocks& locks, std::uint64_t place) : locks_(&locks), place_(place) {}
    Held(Held&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), place_(other.place_) {}
    Held& operator=(Held&& other) noexcept {
      std::swap(locks_, other.locks_);
      std::swap(place_, other.place_);
      return *this;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held();
    explicit operator bool() const { return locks_ != nullptr; }

   private:
    const ProcessLocks* locks_ = nullptr;
    std::uint64_t place_ = 0;
  };

  // Opens `file`, creating it (mode 0600) if need be. It stays empty.
  explicit ProcessLocks(const std::filesystem::path& file);
  ProcessLocks(const ProcessLocks&) = delete;
  ProcessLocks& operator=(const ProcessLocks&) = delete;
  ~ProcessLocks() = default;

  // Waits for as long as another process holds it.
  [[nodiscard]] Held wait(std::uint64_t place) const;
  // nullopt: another process kept it for longer than `patience`.
  [[nodiscard]] std::optional<Held> waitFor(std::uint64_t place, std::chrono::milliseconds patience) const;
  [[nodiscard]] bool heldElsewhere(std::uint64_t place) const;

  // A place for a text; the same in every process and version.
  [[nodiscard]] static std::uint64_t placeOf(std::string_view text);

 private:
  base::Fd file_;
};

}  // namespace rha::registry
