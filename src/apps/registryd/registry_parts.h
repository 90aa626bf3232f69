// RegistryParts: the registry without its servers: storage, index, and the services on them, built by the settings.
//
//   storages (metered) ── identity ── index ── blobs, journal, manifests, uploads, referrers, schema 1
//
// Made by openRegistry(), owned by the daemon or by `--rebuild-index`. Its members are thread-safe, each as its header
// says; the object itself is built and destroyed by one thread.
#pragma once

#include <memory>
#include <string>

#include "apps/registryd/storage_parts.h"
#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "config/settings.h"
#include "index/rebuildable_index.h"
#include "registry/blobs.h"
#include "registry/index_builder.h"
#include "registry/journal.h"
#include "registry/journal_follower.h"
#include "registry/journal_roll.h"
#include "registry/keyed_mutex.h"
#include "registry/manifest_memory.h"
#include "registry/manifests.h"
#include "registry/process_locks.h"
#include "registry/referrers.h"
#include "registry/schema1.h"
#include "registry/uploads.h"
#include "storage/filesystem_root.h"

namespace rha::registryd {

struct RegistryParts {
  // What is opened before the services can be built.
  struct Base {
    std::unique_ptr<OpenStorages> storages;
    // Of the storages; an index that carries another one is of others. "": it has none yet, and was opened for
    // reading.
    std::string identity;
    std::unique_ptr<index::RebuildableIndex> index;
    base::Secret uploadSecret;
  };
  RegistryParts(Base base, const config::StartupSettings& settings, const base::Clock& clock,
                const base::Logger& logger, base::MetricsRegistry& metrics);
  RegistryParts(const RegistryParts&) = delete;
  RegistryParts& operator=(const RegistryParts&) = delete;
  ~RegistryParts() = default;

  // What other nodes have written comes into the index; on shared storage only.
  void catchUpWithPeers();

  std::unique_ptr<OpenStorages> storages;
  base::LockGuarded<std::string> identity;
  std::unique_ptr<index::RebuildableIndex> index;
  registry::ProcessLocks locks;  // shared with the process that hands over to this one, or takes over from it
  registry::KeyedMutex turns;
  registry::Blobs blobs;
  // On shared storage: who else writes to it, and what. Null on storage that is this process's alone.
  std::unique_ptr<registry::JournalRoll> roll;
  registry::Journal journal;
  // Of storage that others write to, too; null where there is none. What else is kept, api::AnswerCache keeps.
  std::unique_ptr<registry::ManifestMemory> manifestMemory;
  registry::Manifests manifests;
  registry::Uploads uploads;
  registry::Referrers referrers;
  registry::Schema1Converter schema1;
  registry::IndexBuilder builder;
  std::unique_ptr<registry::JournalFollower> follower;  // as roll; null, too, where there are no other nodes
};

// Opens storages and index and builds the rest. The index may be incomplete afterwards (housekeeper.h makes it
// complete). For reading, no storage is sent a write. All arguments are borrowed. Throws std::exception with a text
// for the operator.
std::unique_ptr<RegistryParts> openRegistry(const config::StartupSettings& settings, const base::Clock& clock,
                                            const base::Logger& logger, base::MetricsRegistry& metrics,
                                            storage::OpenFor use = storage::OpenFor::Writing);

// How much of cache.memory_bytes is for manifests on shared storage, and how much for answers from unshared one.
struct MemoryShares {
  std::uint64_t manifests = 0;
  std::uint64_t answers = 0;
};
MemoryShares memoryShares(const registry::Storages& storages, const config::CacheSettings& settings);

// Before the first write to what was opened for reading: the storages get counters of changes and identities, where
// they have none, and the index notes these. Again: nothing. Any thread; throws as openRegistry().
void beginWriting(RegistryParts& parts);

// Fills the index anew from the storage and puts it in place. False if `stop` became true before the end; the index is
// then as it was. Throws storage::StorageError and index::IndexError, then, too. One thread at a time.
bool rebuildIndex(RegistryParts& parts, registry::BuildProgress& progress, const std::atomic<bool>& stop);

}  // namespace rha::registryd
