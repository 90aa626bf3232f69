// The file of a storage folder in which all processes that have it open count their changes (change_counters.h).
//
//   <root>/docker/registry-ha/changes-1   kFileBytes; its name carries the format's version
//
// Whoever finds himself alone with it (an exclusive flock) sets it to zero; a shared one is held for as long as it is
// used. It need not survive anything, so it is never synced. Called once, at the start; blocks for a moment at most.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/change_counters.h"
#include "storage/filesystem_root.h"

namespace rha::storage {

inline constexpr std::string_view kChangeFile = "docker/registry-ha/changes-1";

struct ChangeFile {
  std::unique_ptr<ChangeCounters> counters;  // null: nothing of this storage may be cached
  base::Fd lock;                             // without counters: keeps others from taking themselves for alone
  std::string reason;                        // why there are none
};

// No counters: on a network file system (other machines may write) or another one on which writing to mapped memory may
// fail, on a full or read-only one. Throws StorageError where another process may have counters and this one cannot
// get at them.
ChangeFile openChangeFile(FilesystemRoot& root);

}  // namespace rha::storage
