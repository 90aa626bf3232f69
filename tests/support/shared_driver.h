// SharedDriver: a storage in memory that several nodes of a test share, with listings that show nothing once they are
// told to lag.
//
// Thread-safe, but `lagging` and `pause` are set while nobody uses it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "storage/memory_driver.h"
#include "storage/storage_driver.h"

namespace rha::test {

class SharedDriver final : public storage::StorageDriver {
 public:
  [[nodiscard]] std::string_view name() const override { return "memory"; }
  [[nodiscard]] storage::DriverTraits traits() const override { return {.shared = true, .cheapSmallWrites = false}; }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override {
    ++gets;
    mostAtOnce = std::max(mostAtOnce.load(), ++atOnce_);
    std::this_thread::sleep_for(pause);
    --atOnce_;
    return memory_.get(path, maxBytes);
  }
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<storage::ByteRange> range) override {
    return memory_.open(path, range);
  }
  std::optional<storage::ObjectInfo> stat(std::string_view path) override { return memory_.stat(path); }
  void put(std::string_view path, std::string_view bytes, storage::Durability durability) override {
    memory_.put(path, bytes, durability);
  }
  bool remove(std::string_view path) override { return memory_.remove(path); }
  std::uint64_t removeTree(std::string_view path) override { return memory_.removeTree(path); }
  void list(std::string_view path, const std::function<bool(const storage::ListEntry&)>& visit) override {
    if (!lagging) {
      memory_.list(path, visit);
    }
  }
  std::unique_ptr<storage::UploadSession> startUpload(std::string_view path) override {
    return memory_.startUpload(path);
  }
  std::unique_ptr<storage::UploadSession> resumeUpload(std::string_view path, std::string_view state) override {
    return memory_.resumeUpload(path, state);
  }
  void check() override {}

  bool lagging = false;
  std::chrono::milliseconds pause{0};  // of each get
  std::atomic<unsigned> gets = 0;
  std::atomic<unsigned> mostAtOnce = 0;  // gets; a lower bound

 private:
  std::atomic<unsigned> atOnce_ = 0;
  storage::MemoryDriver memory_;
};

}  // namespace rha::test
