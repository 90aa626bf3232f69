// CacheMetrics: what the disk cache of blobs counts. A value of references into the registry of metrics; thread-safe.
#pragma once

#include "base/metrics.h"

namespace rha::storage {

struct CacheMetrics {
  // `metrics` is borrowed for the life of this object.
  explicit CacheMetrics(base::MetricsRegistry& metrics);

  base::Counter& hits;          // served from a verified file
  base::Counter& joined;        // served from a fill that somebody else began
  base::Counter& misses;        // the storage was read
  base::Counter& bypassed;      // of the misses: not filled either, since all fills or all room were taken
  base::Counter& published;     // fills
  base::Counter& mismatches;    // fills whose bytes did not match the digest
  base::Counter& brokenFills;   // fills that the storage broke off
  base::Counter& diskFailures;  // operations on the cache's disk
  base::Counter& evictions;
  base::Counter& verifiedFiles;   // looked through in the background, and found right
  base::Counter& verifyFailures;  // … and found damaged
  base::Counter& resumed;         // answers that went on from the storage when the cache failed them
  base::Gauge& bytes;
  base::Gauge& files;
  base::Gauge& fillsUnderWay;
};

}  // namespace rha::storage
