#include "registry/manifest_memory.h"

#include <algorithm>

namespace rha::registry {
namespace {

// Of an entry besides the texts it holds: nodes of list and map, the objects, and what the allocator adds.
constexpr std::uint64_t kEntryBytes = 768;

std::uint64_t costOf(std::string_view link, const ReadManifest& manifest) {
  return kEntryBytes + link.size() + manifest.mediaType.size() + manifest.bytes->size();
}

}  // namespace

ManifestMemory::ManifestMemory(const ManifestMemorySettings& settings, const base::Clock& clock,
                               base::MetricsRegistry& metrics)
    : settings_(settings),
      clock_(clock),
      hits_(metrics.counter("registry_ha_manifest_memory_hits_total",
                            "Manifests on shared storage whose bytes were in memory.")),
      misses_(metrics.counter("registry_ha_manifest_memory_misses_total",
                              "Manifests on shared storage whose bytes were read from it.")),
      bytes_(metrics.gauge("registry_ha_manifest_memory_bytes", "Memory that kept manifests take.")) {}

void ManifestMemory::measure(const Entries& entries) { bytes_.set(static_cast<std::int64_t>(entries.cost())); }

std::optional<ManifestMemory::Kept> ManifestMemory::find(std::string_view link) {
  const auto now = clock_.steady();
  auto entries = entries_.lock();
  const Entry* entry = entries->find(link);
  if (entry == nullptr) {
    return std::nullopt;
  }
  if (!storage::ChangeCounters::stands(entry->stamp) || now - entry->read >= kBytesStand) {
    entries->erase(link);
    measure(*entries);
    return std::nullopt;
  }
  return Kept{entry->manifest, now - entry->linkSeen < kLinkStands};
}

void ManifestMemory::keep(std::string_view link, const Look& look, const oci::Digest& digest,
                          const ReadManifest& manifest) {
  const std::uint64_t cost = costOf(link, manifest);
  if (!look.stamp || cost > settings_.bytes || manifest.bytes->size() > settings_.largestBytes ||
      oci::Digest::of(*manifest.bytes, digest.algorithm()) != digest) {
    return;
  }
  // Not what was understood of it.
  ReadManifest kept{manifest.mediaType, manifest.bytes, std::nullopt, manifest.typeIsStated};
  auto entries = entries_.lock();
  entries->put(link, {std::move(kept), *look.stamp, look.at, look.at}, cost,
               {settings_.bytes, std::max<std::uint64_t>(settings_.entries, 1)});
  measure(*entries);
}

void ManifestMemory::linkIsThere(std::string_view link, const Look& look) {
  auto entries = entries_.lock();
  if (Entry* entry = entries->find(link); entry != nullptr && look.stamp) {
    entry->linkSeen = std::max(entry->linkSeen, look.at);
  }
}

void ManifestMemory::forget(std::string_view link) {
  auto entries = entries_.lock();
  entries->erase(link);
  measure(*entries);
}

}  // namespace rha::registry
