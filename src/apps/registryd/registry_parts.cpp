#include "apps/registryd/registry_parts.h"

#include <algorithm>
#include <stdexcept>

#include "apps/registryd/storage_parts.h"
#include "apps/registryd/upload_secret.h"
#include "base/files.h"

namespace rha::registryd {
namespace {

constexpr std::string_view kIdentityMark = "storage.identity";

void logOpened(const index::OpenResult& result, const base::Logger& logger) {
  logger.info("index_opened", {{"outcome", index::toString(result.outcome)}, {"path", result.path.string()}});
  if (!result.detail.empty()) {
    logger.warn("index_repaired", {{"detail", result.detail}});
  }
}

// An index of another storage is thrown away: its lists would be wrong until the rebuild is done.
std::unique_ptr<index::RebuildableIndex> openIndex(const std::filesystem::path& path, const std::string& identity,
                                                   const base::Logger& logger) {
  base::createFolders(path.parent_path(), base::Durability::Durable);
  const index::SqliteIndexSettings settings{.path = path};
  auto opened = std::make_unique<index::RebuildableIndex>(settings);
  const index::OpenResult result = opened->open();
  logOpened(result, logger);
  const auto known = opened->mark(kIdentityMark);
  if (known && !identity.empty() && *known != identity) {
    logger.warn("index_of_another_storage", {{"path", result.path.string()}, {"action", "made anew"}});
    opened->close();
    index::removeFiles(result.path);
    opened = std::make_unique<index::RebuildableIndex>(settings);
    logOpened(opened->open(), logger);
  }
  return opened;
}

std::unique_ptr<registry::JournalRoll> makeRoll(const registry::Storages& storages, const base::Clock& clock) {
  return storages.main().traits().shared ? std::make_unique<registry::JournalRoll>(storages.main(), clock) : nullptr;
}

std::unique_ptr<registry::ManifestMemory> makeMemory(const registry::Storages& storages,
                                                     const config::CacheSettings& settings, const base::Clock& clock,
                                                     base::MetricsRegistry& metrics) {
  const std::uint64_t bytes = memoryShares(storages, settings).manifests;
  return bytes == 0 ? nullptr
                    : std::make_unique<registry::ManifestMemory>(
                          registry::ManifestMemorySettings{
                              .bytes = bytes, .entries = settings.memoryEntries, .largestBytes = settings.objectBytes},
                          clock, metrics);
}

registry::UploadSettings uploadSettings(const config::StartupSettings& settings) {
  return {.maxBlobBytes = settings.limits.blobBytes,
          .purgeAfter = std::chrono::ceil<std::chrono::hours>(settings.uploads.purgeAfter)};
}

}  // namespace

RegistryParts::RegistryParts(Base base, const config::StartupSettings& settings, const base::Clock& clock,
                             const base::Logger& logger, base::MetricsRegistry& metrics)
    : storages(std::move(base.storages)),
      identity(std::move(base.identity)),
      index(std::move(base.index)),
      locks(settings.index.path + ".turns"),
      turns(&locks),
      blobs(storages->forBlobs(), *index, clock),
      roll(makeRoll(storages->all(), clock)),
      journal(storages->all().main(), base::randomUuid(), roll.get()),
      manifestMemory(makeMemory(storages->all(), settings.cache, clock, metrics)),
      manifests(storages->all(), *index, blobs, journal, turns, clock, logger, settings.limits.manifestBytes),
      uploads(storages->all(), blobs, clock, registry::UploadTokens(std::move(base.uploadSecret)),
              uploadSettings(settings), &locks),
      referrers(*index, manifests),
      schema1(blobs, manifests, clock, registry::JwsKey::generate()),
      builder(storages->all(), logger, settings.limits.manifestBytes) {
  if (manifestMemory) {
    manifests.keepReadIn(*manifestMemory);
  }
  if (roll && settings.storage.peersInterval.count() > 0) {
    follower = std::make_unique<registry::JournalFollower>(registry::JournalFollower::Parts{
        storages->all(), *index, manifests, turns, clock, logger, journal.writer(), settings.limits.manifestBytes});
    manifests.beforeRemoval([this] { catchUpWithPeers(); });
  }
}

// Without an index the storage is asked which tags there are.
void RegistryParts::catchUpWithPeers() {
  try {
    follower->poll();
  } catch (const index::IndexError&) {
    // Manifests finds the same, and lists the storage.
  }
}

std::unique_ptr<RegistryParts> openRegistry(const config::StartupSettings& settings, const base::Clock& clock,
                                            const base::Logger& logger, base::MetricsRegistry& metrics,
                                            storage::OpenFor use) {
  RegistryParts::Base base;
  const std::filesystem::path indexPath = settings.index.path;
  base.storages = std::make_unique<OpenStorages>(settings, StorageTools{clock, logger, metrics}, use);
  base.storages->check(use);
  base.identity = use == storage::OpenFor::Writing ? registry::identityOf(base.storages->all())
                                                   : registry::knownIdentityOf(base.storages->all());
  base.index = openIndex(indexPath, base.identity, logger);
  base.uploadSecret = loadUploadSecret(settings.http.secretFile, indexPath.parent_path());
  return std::make_unique<RegistryParts>(std::move(base), settings, clock, logger, metrics);
}

MemoryShares memoryShares(const registry::Storages& storages, const config::CacheSettings& settings) {
  const auto& places = storages.all();
  const auto shared = std::count_if(places.begin(), places.end(), [](const registry::Storages::Place& place) {
    return place.driver->traits().shared;
  });
  if (shared == 0) {
    return {.manifests = 0, .answers = settings.memoryBytes};
  }
  const bool both = static_cast<std::size_t>(shared) < places.size();
  return both ? MemoryShares{settings.memoryBytes / 2, settings.memoryBytes / 2}
              : MemoryShares{.manifests = settings.memoryBytes, .answers = 0};
}

void beginWriting(RegistryParts& parts) {
  parts.storages->beginWriting();
  const std::string identity = registry::identityOf(parts.storages->all());
  *parts.identity.lock() = identity;
  if (!parts.index->mark(kIdentityMark)) {
    parts.index->setMark(kIdentityMark, identity);
  }
}

bool rebuildIndex(RegistryParts& parts, registry::BuildProgress& progress, const std::atomic<bool>& stop) {
  index::Index& feed = parts.index->beginRebuild();
  try {
    if (!parts.builder.build(feed, progress, stop)) {
      parts.index->abandonRebuild();
      return false;
    }
    if (const std::string identity = *parts.identity.lock(); !identity.empty()) {
      feed.setMark(kIdentityMark, identity);
    }
    parts.index->finishRebuild();
    return true;
  } catch (...) {
    parts.index->abandonRebuild();
    throw;
  }
}

}  // namespace rha::registryd
