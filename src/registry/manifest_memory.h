// ManifestMemory: manifests that were read from shared storage, so that one request for a tag's link answers the next
// who asks for that tag.
//
// What is kept belongs to the revision link by which it was found, so never to another repository. Bytes follow from
// their digest, and only those that have it are kept. What others may change is asked again:
//   where the tag points     each time, by whoever uses this
//   the revision link        each time by digest; by tag, which goes with its manifest, once in kLinkStands
//   the type, where the bytes do not tell it       as the revision link
//   whether the bytes are still stored             once in kBytesStand, so that lost ones are told of, and pushed again
// What this process changes is counted (change_counters.h), and stands no longer from the beginning of the change on.
//
// Bounded by bytes and by entries; what was used longest ago goes first. Owned by the composition root; thread-safe; no
// I/O. Throws only std::bad_alloc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bounded_map.h"
#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/metrics.h"
#include "oci/digest.h"
#include "registry/manifest_reader.h"
#include "storage/change_counters.h"

namespace rha::registry {

struct ManifestMemorySettings {
  std::uint64_t bytes = 32 * 1024 * 1024;  // 0: nothing is kept
  std::uint64_t entries = 65536;
  std::uint64_t largestBytes = 64 * 1024;  // of one manifest
};

class ManifestMemory final {
 public:
  static constexpr std::chrono::seconds kLinkStands{5};
  static constexpr std::chrono::minutes kBytesStand{10};

  // `clock` is borrowed.
  ManifestMemory(const ManifestMemorySettings& settings, const base::Clock& clock, base::MetricsRegistry& metrics);

  // A look into the storage, which begins with it.
  struct Look {
    std::optional<storage::ChangeCounters::Stamp> stamp;  // nullopt: a change is under way
    base::SteadyTime at;
  };
  struct Kept {
    ReadManifest manifest;
    bool linkStands = false;  // the revision link was there less than kLinkStands ago
  };

  // In all of these `link` is the path of the revision link.
  [[nodiscard]] Look look(std::string_view link) const { return {changes_.quiet(link), clock_.steady()}; }
  [[nodiscard]] std::optional<Kept> find(std::string_view link);
  // The look found the link, and then this of it.
  void keep(std::string_view link, const Look& look, const oci::Digest& digest, const ReadManifest& manifest);
  // The look found the link of what find() gave.
  void linkIsThere(std::string_view link, const Look& look);
  void forget(std::string_view link);
  // Precedes every change of the link or of the manifest's type; ends before anybody is told of it.
  [[nodiscard]] storage::ChangeCounters::Change changing(std::string_view link) { return changes_.begin(link); }

  // An answer took its bytes from here, or had to read them.
  void countHit() { hits_.add(); }
  void countMiss() { misses_.add(); }

 private:
  struct Entry {
    ReadManifest manifest;
    storage::ChangeCounters::Stamp stamp;
    base::SteadyTime read;
    base::SteadyTime linkSeen;
  };
  using Entries = base::BoundedMap<Entry>;

  void measure(const Entries& entries);

  const ManifestMemorySettings settings_;
  const base::Clock& clock_;
  storage::ChangeCounters changes_;
  base::Counter& hits_;
  base::Counter& misses_;
  base::Gauge& bytes_;
  base::LockGuarded<Entries> entries_;
};

}  // namespace rha::registry
