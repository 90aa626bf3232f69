// FilesystemRoot: the folder in which the filesystem driver keeps everything, and the few operations on it that need
// care: creating parents while others remove them, durable renames, removing a tree, errors an operator can use.
//
//   <root>/docker/registry/v2/…          distribution 2.8's layout
//   <root>/docker/registry-ha/…          what 2.8 cannot express
//   <root>/docker/registry-ha/changes-1  counters of changes, shared by processes (change_file.h)
//   <root>/docker/registry-ha/tmp/P-N    objects being written, by process id and number; renamed into place
//
// All access is relative to one open folder descriptor, so a root that is renamed or mounted over does not get half of
// the writes. The whole root must be one file system (objects are renamed across it).
// Shared by the driver and its upload sessions, which must not outlive it. Thread-safe after open().
// Failure: StorageError whose text names the path and says what to do. "Not there" is a normal answer where said.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/fd.h"
#include "base/files.h"
#include "base/lock_guarded.h"
#include "storage/open_for.h"

namespace rha::storage {

class FilesystemRoot final {
 public:
  // Where objects lie while they are written: on the same file system, in no folder that 2.8 walks through.
  static constexpr std::string_view kTemporaryFolder = "docker/registry-ha/tmp";

  explicit FilesystemRoot(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Opens the root, creating it if needed, and removes temporary files that a dead process left behind. To be called
  // once, before anything else. For reading the root must be there.
  void open(OpenFor use = OpenFor::Writing);

  // Opens an existing file with open(2) flags (O_CLOEXEC is added); an invalid Fd if there is no such regular file.
  [[nodiscard]] base::Fd openFile(std::string_view path, int flags) const;
  // Opens a folder for reading; an invalid Fd if there is none.
  [[nodiscard]] base::Fd openFolder(std::string_view path) const;
  // stat(2); nullopt if nothing is there.
  [[nodiscard]] std::optional<struct stat> status(std::string_view path) const;

  // Creates a file that must not exist yet, and the folders above it; open for reading and writing.
  [[nodiscard]] base::Fd createFile(std::string_view path);
  // Opens a file for reading and writing, creating it and the folders above it if needed; an invalid Fd on a file
  // system that is read-only or full.
  [[nodiscard]] base::Fd openOrCreateFile(std::string_view path);
  // As createFile() under a name of its own in the temporary folder, which is put into `name`.
  [[nodiscard]] base::Fd createTemporary(std::string& name);

  // Renames the file `from` to `to`, creating the folders above and replacing what is there. With Durable the rename
  // survives a power cut once this returned. Precondition for that: the contents of `from` were fsynced.
  void publish(std::string_view from, std::string_view to, base::Durability durability);

  // Removes a file, durably; false if it was not there.
  bool removeFile(std::string_view path);
  // Removes a folder with everything below it; returns the number of files. Symbolic links are removed, not followed.
  std::uint64_t removeTree(std::string_view path, base::Durability durability);
  // unlink(2) whose failure does not matter.
  void discard(std::string_view path) const noexcept;

  // Throws the StorageError for a failed system call: "filesystem: cannot OPERATION ROOT/PATH: errno text; advice".
  [[noreturn]] void fail(std::string_view operation, std::string_view path, int errnoValue) const;

  // Identifies the boot: unsynced data of an earlier one may have been lost in a power cut. REGISTRYD_BOOT in the
  // environment, else what the kernel says; where neither tells, a random text, so that nothing of an earlier process
  // is trusted either, but for the one that handed over.
  [[nodiscard]] const std::string& bootId() const { return bootId_; }

 private:
  // Calls `operation` (a system call that returns -1 and errno), creating the folders above `path` and calling again
  // when they are missing. Returns its last answer.
  int withParents(std::string_view path, const std::function<int()>& operation);
  void createFolders(std::string_view folder);
  // False if the folder above is missing.
  bool createFolder(const std::string& name);
  void syncFolder(std::string_view folder) const;
  void syncUpToRoot(std::string_view folder);
  void removeOldTemporaries();

  std::filesystem::path folder_;
  base::Fd root_;
  std::string bootId_;
  std::atomic<std::uint64_t> temporaryNumber_{0};
  // Folders whose own entry in their parent is known to be on disk. A cache: bounded, cleared when full.
  base::LockGuarded<std::unordered_set<std::string>> durableFolders_;
};

}  // namespace rha::storage
