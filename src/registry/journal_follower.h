// JournalFollower: brings what other nodes of the same storage write into this node's index, within seconds
// (architecture, decision 11).
//
// It asks for the next record of each sequence by its number, and for the next entry of the roll. A record says "look",
// never "what": the storage is looked at, and again until it says what the record announced, since the record comes
// before the change. What does not come about within kPatience is taken as it is.
// poll() may be called by any thread; one works at a time, the others wait. Blocking. What it keeps in memory is
// bounded by the records of the last kPatience.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "index/index.h"
#include "registry/journal.h"
#include "registry/journal_roll.h"
#include "registry/keyed_mutex.h"
#include "registry/manifests.h"
#include "registry/storages.h"

namespace rha::registry {

class JournalFollower final {
 public:
  static constexpr std::chrono::minutes kPatience{2};

  struct Parts {
    Storages storages;
    index::Index& index;
    Manifests& manifests;
    KeyedMutex& turns;
    const base::Clock& clock;
    const base::Logger& logger;
    std::string ownWriter;
    std::uint64_t maxManifestBytes = 0;
  };
  // What Parts refers to is borrowed.
  explicit JournalFollower(Parts parts);

  // Reads every sequence to its head and brings the index up to date. Returns how many changes the index took. Throws
  // storage::StorageError and index::IndexError; the next call goes on where this one stopped.
  std::uint64_t poll();

 private:
  struct Sequence {
    std::uint64_t next = 1;
    base::WallTime entered;
  };
  struct Look {
    JournalRecord record;
    JournalPlace place;
    base::SteadyTime since;
  };

  void readRoll();
  void follow(const JournalRoll::Entry& entry);
  void readRecords(const std::string& writer, Sequence& sequence);
  void remember(const JournalPlace& place, const JournalRecord& record);
  // Whether the storage says what the record announced; the index then has it.
  bool look(const Look& look, bool last);
  bool lookAtManifest(const oci::RepositoryName& repository, const JournalRecord& record);
  bool lookAtTag(const oci::RepositoryName& repository, const JournalRecord& record, bool last);
  bool lookAtDeletion(const oci::RepositoryName& repository, const JournalRecord& record);
  // Makes the index's tag what the storage says now.
  void takeTag(const oci::RepositoryName& repository, const oci::Tag& tag, const std::optional<oci::Digest>& digest,
               const JournalRecord& record);
  // Puts the manifest into the index. False if its bytes are not there.
  bool takeManifest(const oci::RepositoryName& repository, const oci::Digest& digest, base::WallTime pushedAt);
  void noteProgress();

  Parts parts_;
  JournalRoll roll_;
  std::mutex mutex_;  // held across I/O
  bool started_ = false;
  std::uint64_t nextEntry_ = 1;
  std::uint64_t polls_ = 0;
  std::map<std::string, Sequence> sequences_;
  std::map<std::string, Look> looks_;  // by what they look at: a newer record about the same replaces an older one
};

}  // namespace rha::registry
