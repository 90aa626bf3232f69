#include "config/setting_rows.h"

namespace rha::config::rows {

std::vector<Setting> caches() {
  return {
      {.path = "cache.memory_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.memoryBytes),
       .most = 64 * kGiB,
       .help = "Memory for manifests and small blobs, which are then answered without a look into the storage. Of an "
               "object store, manifests are kept, and a look at the tag answers the next request for one. 0: off.",
       .since = "0.1"},
      {.path = "cache.memory_entries",
       .type = SettingType::Count,
       .field = RHA_FIELD(cache.memoryEntries),
       .least = 16,
       .most = 10'000'000,
       .help = "Most manifests and blobs in that memory; one that is asked for by tag and by digest counts twice.",
       .since = "0.1"},
      {.path = "cache.object_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.objectBytes),
       .most = 16 * kMiB,
       .help = "Largest manifest or blob that is kept there.",
       .since = "0.1"},
      {.path = "cache.disk.path",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(cache.disk.path),
       .most = kLongestPath,
       .help = "Folder on a local disk in which blobs of an object store are kept, each verified by its digest before "
               "anybody gets it to its end; made if it is not there. It must hold nothing else. The package provides "
               "/var/cache/docker-registry-ha. Empty: every blob is read from the storage, as the driver filesystem "
               "should.",
       .since = "0.1"},
      {.path = "cache.disk.bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.disk.bytes),
       .least = kMiB,
       .most = 1024 * kTiB,
       .help =
           "Most bytes in that folder; the blobs that were not used for the longest time go first. A larger blob is "
           "not kept. Leave room on the disk: what is removed still takes its room while somebody reads it.",
       .since = "0.1"},
      {.path = "cache.disk.fills",
       .type = SettingType::Count,
       .field = RHA_FIELD(cache.disk.fills),
       .least = 1,
       .most = 256,
       .help =
           "Blobs fetched into it at once, each by a thread. What comes beyond is read from the storage and not kept.",
       .since = "0.1"},
      {.path = "cache.disk.verify_interval",
       .type = SettingType::Duration,
       .field = RHA_FIELD(cache.disk.verifyInterval),
       .most = 3650 * kDay,
       .help =
           "How often every kept blob is hashed again in the background; a damaged one is removed and reported. The "
           "first round begins ten minutes after the start. 0s: never.",
       .since = "0.1"},
      {.path = "cache.disk.verify_rate",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.disk.verifyRate),
       .least = 64 * kKiB,
       .most = 64 * kGiB,
       .help = "Most bytes a second that this reads from the disk.",
       .since = "0.1"},
  };
}

}  // namespace rha::config::rows
