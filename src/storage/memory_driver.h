// MemoryDriver: objects in this process's memory. For tests and for trying things out; everything is lost at exit.
//
// Not bounded: never offered to operators. Threads and failure: see StorageDriver; it only fails as std::bad_alloc.
// Upload sessions must not outlive the driver; body sources may.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/lock_guarded.h"
#include "storage/storage_driver.h"

namespace rha::storage {

class MemoryDriver final : public StorageDriver {
 public:
  [[nodiscard]] std::string_view name() const override { return "memory"; }
  [[nodiscard]] DriverTraits traits() const override { return {.shared = false, .cheapSmallWrites = true}; }
  [[nodiscard]] ChangeCounters* changes() override { return &changes_; }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override;
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) override;
  std::optional<ObjectInfo> stat(std::string_view path) override;
  void put(std::string_view path, std::string_view bytes, Durability durability) override;
  bool remove(std::string_view path) override;
  std::uint64_t removeTree(std::string_view path) override;
  void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) override;
  std::unique_ptr<UploadSession> startUpload(std::string_view path) override;
  std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) override;
  void check() override;

 private:
  friend class MemoryUpload;

  struct Object {
    std::shared_ptr<const std::string> bytes;  // shared with the sources that read it
    base::WallTime modified;
  };
  // An upload is not visible as an object before commit(). Its state is "<size> <truncations so far>", refused under
  // the rule that filesystem_upload.h explains.
  struct Upload {
    std::string bytes;
    std::vector<std::uint64_t> truncations;
    bool isOpen = false;  // a session has it
  };
  struct Contents {
    std::map<std::string, Object, std::less<>> objects;
    // Shared with the session, which may outlive the entry: the upload may be purged under it.
    std::map<std::string, std::shared_ptr<Upload>, std::less<>> uploads;
  };

  std::shared_ptr<const std::string> find(std::string_view path);

  ChangeCounters changes_;
  base::LockGuarded<Contents> contents_;
};

}  // namespace rha::storage
