#include "apps/registryd/housekeeper.h"

#include <pthread.h>

#include <utility>

namespace rha::registryd {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kRound{5};
// After a rebuild that failed: the storage or the disk may need a while.
constexpr std::chrono::seconds kRebuildPause{30};
// A small registry has its index by then: a list that comes as early as that waits for it.
constexpr std::chrono::seconds kListPatience{3};

}  // namespace

Housekeeper::Housekeeper(RegistryParts& parts, std::chrono::milliseconds purgeInterval, const base::Logger& logger,
                         base::MetricsRegistry& metrics, HousekeepingConditions conditions)
    : parts_(parts),
      purgeInterval_(purgeInterval),
      logger_(logger),
      conditions_(std::move(conditions)),
      purged_(metrics.counter("registry_ha_uploads_purged_total", "Abandoned uploads that were removed.")),
      lists_(kListPatience) {
  addMetrics(metrics);
}

void Housekeeper::addMetrics(base::MetricsRegistry& metrics) {
  metrics.gaugeFunction("registry_ha_index_complete", "1 if lists are answered, 0 while the index is being made.",
                        [this] { return parts_.index->state() == index::IndexState::Building ? 0.0 : 1.0; });
  const auto progress = [&](const char* name, const char* help, const std::atomic<std::uint64_t>& value) {
    metrics.gaugeFunction(name, help, [&value] { return static_cast<double>(value.load()); });
  };
  progress("registry_ha_index_build_repositories", "Repositories read by the last or present build of the index.",
           progress_.repositories);
  progress("registry_ha_index_build_manifests", "Manifests read by that build.", progress_.manifests);
  progress("registry_ha_index_build_tags", "Tags read by that build.", progress_.tags);
  progress("registry_ha_index_build_problems", "What that build could not read.", progress_.problems);
  metrics.gaugeFunction("registry_ha_uploads_active", "Uploads that are receiving a body.",
                        [this] { return static_cast<double>(parts_.uploads.active()); });
}

void Housekeeper::openLists() {
  if (parts_.index->state() != index::IndexState::Building) {
    bringUpToDate();
  }
}

void Housekeeper::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "house");
    run();
  });
}

void Housekeeper::stop() {
  stop_ = true;
  breakOff_ = true;
  state_.lock()->stopping = true;
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Housekeeper::yield() {
  yielded_ = true;
  breakOff_ = true;
}

void Housekeeper::sleep(std::chrono::milliseconds duration) {
  auto state = state_.lock();
  changed_.wait_for(state.native(), duration, [&] { return state->stopping; });
}

std::string Housekeeper::indexText() const {
  const index::IndexState state = parts_.index->state();
  std::string text(index::toString(state));
  if (state != index::IndexState::Complete) {
    text += ": " + std::to_string(progress_.repositories.load()) + " repositories so far";
  }
  return text;
}

template <typename Work>
bool Housekeeper::attempt(std::string_view event, Work&& work) {
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    logger_.error(event, {{"error", error.what()}, {"action", "tried again later"}});
    return false;
  }
}

void Housekeeper::run() {
  while (!stop_) {
    if (yielded_) {
      noteSettled();
      sleep(kRound);
      continue;
    }
    seeToIndex();
    if (Steady::now() >= purgeAfter_ && conditions_.mayWrite()) {
      attempt("upload_purge_failed", [this] { purgeUploads(); });
      attempt("journal_packing_failed", [this] { packJournal(); });
      purgeAfter_ = Steady::now() + purgeInterval_;
    }
    sleep(std::min<std::chrono::milliseconds>(kRound, purgeInterval_));
  }
  noteSettled();
}

void Housekeeper::noteSettled() {
  attempt("journal_mark_failed", [this] { registry::markSettled(*parts_.index, parts_.journal); });
}

void Housekeeper::seeToIndex() {
  if (parts_.index->state() == index::IndexState::Building) {
    if (Steady::now() >= rebuildAfter_ && !attempt("index_build_failed", [this] { rebuild(); })) {
      rebuildAfter_ = Steady::now() + kRebuildPause;
    }
  }
  if (parts_.index->state() != index::IndexState::Building) {
    bringUpToDate();
  }
}

void Housekeeper::bringUpToDate() {
  // The process before this one writes to the same index, as a rule; where it has another one (of an older version),
  // what it writes is seen in the journal only.
  const bool alone = conditions_.alone();
  if (!caughtUp_ || (!caughtUpAlone_ && (alone || !parts_.storages->all().main().traits().shared))) {
    const auto others = alone ? registry::OtherWriters::Ended : registry::OtherWriters::Living;
    const bool done = attempt("index_catch_up_failed", [&] { catchUp(others); });
    caughtUp_ = caughtUp_ || done;
    caughtUpAlone_ = done && alone;
  }
  const bool reread = attempt("index_reread_failed", [this] { readDirtyAgain(); });
  if (caughtUp_ && reread) {
    lists_.open();
  }
  noteSettled();
}

void Housekeeper::catchUp(registry::OtherWriters others) {
  const std::uint64_t count = registry::catchUp(parts_.storages->all().main(), *parts_.index, parts_.manifests,
                                                parts_.journal, others, parts_.roll.get());
  if (count > 0) {
    logger_.info("index_caught_up", {{"repositories", count}});
  }
}

void Housekeeper::rebuild() {
  for (auto* count : {&progress_.repositories, &progress_.manifests, &progress_.tags, &progress_.problems}) {
    *count = 0;
  }
  const auto begin = Steady::now();
  logger_.info("index_build_started", {});
  const bool done = rebuildIndex(parts_, progress_, breakOff_);
  const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
  logger_.info(done ? "index_built" : "index_build_stopped", {{"repositories", progress_.repositories.load()},
                                                              {"manifests", progress_.manifests.load()},
                                                              {"tags", progress_.tags.load()},
                                                              {"problems", progress_.problems.load()},
                                                              {"ms", duration.count()}});
}

void Housekeeper::readDirtyAgain() {
  for (const oci::RepositoryName& repository : parts_.index->dirtyRepositories()) {
    if (breakOff_) {
      return;
    }
    parts_.manifests.reindex(repository);
    logger_.info("index_reread", {{"repository", repository.text()}});
  }
}

void Housekeeper::purgeUploads() {
  std::uint64_t count = 0;
  parts_.builder.forEachRepository([&](const oci::RepositoryName& repository) {
    count += parts_.uploads.purge(repository);
    return !breakOff_ && conditions_.mayWrite();
  });
  notePurged(count);
  if (!breakOff_ && conditions_.mayWrite()) {
    notePurged(parts_.storages->removeLeftovers(base::SystemClock().now() - conditions_.leftoversAfter));
  }
}

void Housekeeper::packJournal() {
  const std::uint64_t count =
      registry::packJournal(parts_.storages->all().main(), base::SystemClock().now() - conditions_.journalPackedAfter,
                            [this] { return !breakOff_ && conditions_.mayWrite(); });
  if (count > 0) {
    logger_.info("journal_packed", {{"records", count}});
  }
}

void Housekeeper::notePurged(std::uint64_t count) {
  if (count > 0) {
    purged_.add(count);
    logger_.info("uploads_purged", {{"count", count}});
  }
}

}  // namespace rha::registryd
