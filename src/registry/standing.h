// Standing: whether what was read from storage is still what is there. It comes with the answer; a cache asks it each
// time before it gives the answer again.
//
// A value; holds() costs two loads and may be called on any thread, as long as the StorageDriver lives.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "storage/storage_driver.h"

namespace rha::registry {

class Standing final {
 public:
  // Never holds.
  Standing() = default;
  // Of something read from `driver`: every path that decides about it is included before it is read.
  explicit Standing(storage::StorageDriver& driver) : counters_(driver.changes()) {}

  void include(std::string_view path) {
    const auto stamp = counters_ != nullptr ? counters_->quiet(path) : std::nullopt;
    if (!stamp || count_ == stamps_.size()) {
      counters_ = nullptr;
      return;
    }
    stamps_[count_++] = *stamp;
  }

  [[nodiscard]] bool holds() const {
    if (counters_ == nullptr) {
      return false;
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (!storage::ChangeCounters::stands(stamps_[i])) {
        return false;
      }
    }
    return true;
  }

 private:
  const storage::ChangeCounters* counters_ = nullptr;  // null: it does not hold
  std::array<storage::ChangeCounters::Stamp, 2> stamps_;
  std::size_t count_ = 0;
};

// Counts a change of what lies at `path`, for as long as it lasts; nothing where the driver counts none.
[[nodiscard]] inline storage::ChangeCounters::Change changing(storage::StorageDriver& driver, std::string_view path) {
  auto* counters = driver.changes();
  return counters != nullptr ? counters->begin(path) : storage::ChangeCounters::Change();
}

}  // namespace rha::registry
