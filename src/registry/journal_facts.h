// JournalFacts: what a stretch of the journal tells that the layout of 2.8 cannot keep: push times, and the history of
// tags.
//
// Plain data, held in memory while an index is built or brought up to date: about 200 bytes a record. One thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "index/index.h"
#include "oci/names.h"
#include "registry/journal.h"

namespace rha::registry {

struct JournalFacts {
  using Events = std::vector<index::TagEvent>;
  struct Deletion {
    base::WallTime at;
    std::string actor;
  };

  std::map<std::pair<std::string, std::string>, base::WallTime> pushed;         // (repository, digest) -> first push
  std::map<std::string, std::map<std::string, Events>> events;                  // repository -> tag -> its events
  std::map<std::string, std::map<std::string, std::vector<Deletion>>> deleted;  // repository -> digest of a manifest

  // In any order.
  void learn(const JournalRecord& record);
  // After the last record: orders each tag's events by time, adds the deletions that came with those of manifests, and
  // drops what changed nothing (a push of what the tag pointed at already).
  void conclude();
  // Of a tag, after conclude(); null if there are none.
  [[nodiscard]] const Events* of(const oci::RepositoryName& repository, const std::string& tag) const;
};

}  // namespace rha::registry
