// FilesystemDriver: objects as files below one folder, in the layout of distribution 2.8's filesystem driver: object
// path = file path, folders 0755, files 0644 (less the umask). The old registry and this one can take over from each
// other. One process writes at a time, or two while an upgrade hands over.
//
// Threads and failure: see StorageDriver. open() first, once. Upload sessions and body sources must not outlive
// the driver.
#pragma once

#include <atomic>
#include <filesystem>

#include "base/lock_guarded.h"
#include "storage/change_file.h"
#include "storage/filesystem_root.h"
#include "storage/storage_driver.h"

namespace rha::storage {

struct FilesystemSettings {
  std::filesystem::path root;  // holds docker/registry/…; "rootdirectory" in the old registry's config.yml
};

class FilesystemDriver final : public StorageDriver {
 public:
  explicit FilesystemDriver(FilesystemSettings settings) : root_(std::move(settings.root)) {}

  // Opens the root folder, for writing creating it if it is missing. Throws StorageError, StorageError's text being fit
  // for the operator who has just started the program.
  void open(OpenFor use = OpenFor::Writing);

  [[nodiscard]] std::string_view name() const override { return "filesystem"; }
  [[nodiscard]] DriverTraits traits() const override { return {.shared = false, .cheapSmallWrites = true}; }
  // Null until open() for writing or beginWriting().
  [[nodiscard]] ChangeCounters* changes() override { return changes_.load(std::memory_order_acquire); }
  // Why changes() is null; empty if it is not.
  [[nodiscard]] std::string whyUncached() const { return changeFile_.lock()->file.reason; }
  void beginWriting() override;
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
  struct Changes {
    bool opened = false;
    ChangeFile file;
  };

  FilesystemRoot root_;
  mutable base::LockGuarded<Changes> changeFile_;
  std::atomic<ChangeCounters*> changes_{nullptr};  // those of changeFile_
};

}  // namespace rha::storage
