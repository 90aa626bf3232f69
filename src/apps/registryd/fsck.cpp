#include "apps/registryd/fsck.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace rha::registryd {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t kFindingsAtOnce = 500;
// Of what is read to be hashed, unless the operator says something else: a disk or a Swift can give that beside others.
constexpr std::uint64_t kBytesPerSecond = std::uint64_t{64} << 20U;
constexpr int kNice = 10;
constexpr std::size_t kMostRepositories = 10'000;

bool flag(const json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && found->is_boolean() && found->get<bool>();
}

std::uint64_t number(const json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string dump(const ordered_json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Fsck::Fsck(RegistryParts& parts, Settings settings, const base::Clock& clock, const base::Logger& logger,
           const base::Logger* audit)
    : parts_(parts), settings_(std::move(settings)), clock_(clock), logger_(logger), audit_(audit) {}

base::Result<registry::CheckOptions, std::string> Fsck::optionsOf(const json& request) const {
  registry::CheckOptions options;
  options.readAll = flag(request, "read_all");
  if (flag(request, "delete") && !flag(request, "repair")) {
    return base::fail(std::string("deleting needs repairing: give --repair, too"));
  }
  if (flag(request, "repair")) {
    options.mending = flag(request, "delete") ? registry::Mending::DeriveAndDelete : registry::Mending::Derive;
  }
  const std::string reason = options.mending == registry::Mending::Nothing ? "" : settings_.whyReadOnly();
  if (!reason.empty()) {
    return base::fail("nothing can be repaired here: " + reason + "; without --repair everything is checked");
  }
  const auto names = request.find("repositories");
  if (names == request.end() || !names->is_array()) {
    return options;
  }
  if (names->size() > kMostRepositories) {
    return base::fail("at most " + std::to_string(kMostRepositories) + " repositories may be named");
  }
  for (const json& name : *names) {
    auto repository = oci::RepositoryName::parse(name.is_string() ? name.get<std::string>() : "");
    if (!repository.ok()) {
      return base::fail("no repository can be called " + name.dump() + ": " + repository.error());
    }
    options.only.push_back(std::move(*repository));
  }
  return options;
}

std::shared_ptr<index::CheckLedger> Fsck::ledger() {
  if (auto known = state_.lock()->ledger) {
    return known;
  }
  std::shared_ptr<index::CheckLedger> opened = index::CheckLedger::open(settings_.ledger);
  auto state = state_.lock();
  if (!state->ledger) {
    state->ledger = std::move(opened);
  }
  return state->ledger;
}

Fsck::Answer Fsck::start(std::string_view text) {
  json request = json::parse(text);
  const bool resume = flag(request, "resume");
  if (resume) {
    const auto last = ledger();
    const std::string state = last ? last->value("state") : "";
    if (!last || state == "done") {
      return base::fail(std::string("there is no check that was stopped"));
    }
    request = json::parse(last->value("options"), nullptr, /*allow_exceptions=*/false);
    if (!request.is_object()) {
      return base::fail("what the last check left in " + settings_.ledger.string() + " cannot be read: start anew");
    }
  }
  const auto options = optionsOf(request);
  if (!options) {
    return base::fail(options.error());
  }
  {
    auto state = state_.lock();
    if (state->closed) {
      return base::fail(std::string("registryd is stopping"));
    }
    if (state->running) {
      return base::fail(std::string(
          "a check is running already: see it with docker-registryctl fsck --status, or end it with --cancel"));
    }
    state->running = true;
    stopping_ = false;
    state->error.clear();
    state->begun = clock_.steady();
  }
  if (auto failed = begin(request, resume); !failed) {
    state_.lock()->running = false;
    return failed;
  }
  return status("{}");
}

// Precondition: State::running was set by the caller, so nobody else begins or joins.
Fsck::Answer Fsck::begin(const json& asked, bool resume) {
  try {
    if (auto ended = std::move(state_.lock()->thread); ended.joinable()) {
      ended.join();
    }
    std::shared_ptr<index::CheckLedger> last = ledger();
    if (!resume) {
      state_.lock()->ledger = nullptr;
      last = nullptr;
      last = index::CheckLedger::create(settings_.ledger);
    }
    json options;
    for (const char* name : {"repair", "delete", "read_all", "repositories", "bytes_per_second"}) {
      if (asked.contains(name)) {
        options[name] = asked[name];
      }
    }
    last->setValue("options", options.dump());
    last->setValue("state", "running");
    progress_.atBlobs = false;
    progress_.atSegments = false;
    progress_.bytesRead = 0;
    progress_.findings = 0;
    auto state = state_.lock();
    if (state->closed) {
      return base::fail(std::string("registryd is stopping"));
    }
    state->ledger = last;
    state->thread = std::thread([this, last, checked = optionsOf(options).value(), options] {
      ::pthread_setname_np(::pthread_self(), "fsck");
      // Of this thread alone. Where it is not allowed, the check is as important as a request.
      static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
      run(last, checked, number(options, "bytes_per_second"));
    });
    return std::string();
  } catch (const index::IndexError& error) {
    return base::fail(std::string(error.what()));
  }
}

void Fsck::run(const std::shared_ptr<index::CheckLedger>& ledger, const registry::CheckOptions& options,
               std::uint64_t bytesPerSecond) {
  const auto rate = bytesPerSecond == 0 ? kBytesPerSecond : bytesPerSecond;
  registry::StorageCheck check({parts_.storages->all(), *parts_.index, parts_.blobs, parts_.journal, parts_.uploads,
                                parts_.turns, parts_.builder, clock_, settings_.maxManifestBytes},
                               *ledger,
                               {.stop = stopping_,
                                .pace = [this, rate](std::uint64_t bytes) { pace(bytes, rate); },
                                .wait = [this](std::chrono::milliseconds duration) { wait(duration); },
                                .mayWrite = [this] { return settings_.whyReadOnly().empty(); },
                                .found = [this](const registry::CheckFinding& finding) { record(finding); }},
                               progress_);
  logger_.info("fsck_started", {{"repair", options.mending != registry::Mending::Nothing},
                                {"delete", options.mending == registry::Mending::DeriveAndDelete},
                                {"read_all", options.readAll}});
  std::string outcome;
  std::string failure;
  try {
    outcome = check.run(options) ? "done" : "stopped";
    ledger->setValue("state", outcome);
  } catch (const std::exception& error) {
    outcome = "failed";
    failure = error.what();
  }
  logger_.info("fsck_ended", {{"outcome", outcome},
                              {"error", failure},
                              {"repositories", progress_.repositories.load()},
                              {"blobs", progress_.blobs.load()},
                              {"findings", progress_.findings.load()}});
  auto state = state_.lock();
  state->running = false;
  state->error = failure;
}

void Fsck::record(const registry::CheckFinding& finding) const {
  if (finding.outcome == registry::FindingOutcome::Left || audit_ == nullptr) {
    return;
  }
  std::string line;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) {
      base::appendLogField(line, key, value);
    }
  };
  add("event", "audit");
  add("account", "fsck");
  add("action", finding.outcome == registry::FindingOutcome::Deleted ? "fsck_delete" : "fsck_repair");
  add("finding", registry::rowOf(finding.kind).name);
  add("repository", finding.repository);
  add("reference", finding.tag);
  add("digest", finding.digest ? finding.digest->text() : "");
  add("path", finding.path);
  add("bytes", finding.segments > 0 ? std::to_string(finding.bytes) : "");
  add("outcome", "done");
  audit_->writeLine(base::LogLevel::Info, line);
}

void Fsck::wait(std::chrono::milliseconds duration) {
  auto state = state_.lock();
  changed_.wait_for(state.native(), duration, [&] { return stopping_.load(); });
}

void Fsck::pace(std::uint64_t bytes, std::uint64_t bytesPerSecond) {
  const auto now = clock_.steady();
  paidUntil_ = std::max(paidUntil_, now) + std::chrono::microseconds(bytes * 1'000'000 / bytesPerSecond);
  wait(std::chrono::ceil<std::chrono::milliseconds>(paidUntil_ - now));
}

ordered_json Fsck::progressJson(bool running, base::SteadyTime begun) const {
  ordered_json progress{{"phase", progress_.atSegments ? "segments"
                                  : progress_.atBlobs  ? "blobs"
                                                       : "repositories"},
                        {"repositories", progress_.repositories.load()},
                        {"tags", progress_.tags.load()},
                        {"manifests", progress_.manifests.load()},
                        {"blobs", progress_.blobs.load()},
                        {"blob_bytes", progress_.blobBytes.load()},
                        {"bytes_read", progress_.bytesRead.load()}};
  if (running) {
    progress["seconds"] = std::chrono::duration<double>(clock_.steady() - begun).count();
  }
  try {
    progress["repositories_expected"] = parts_.index->statistics().repositories;
  } catch (const index::IndexError&) {
    progress["repositories_expected"] = 0;  // not known
  }
  return progress;
}

Fsck::Answer Fsck::status(std::string_view text) {
  const json request = json::parse(text);
  const auto known = ledger();
  if (!known) {
    return std::string(R"({"state":"none"})");
  }
  bool running = false;
  std::string error;
  base::SteadyTime begun;
  {
    auto state = state_.lock();
    running = state->running;
    error = state->error;
    begun = state->begun;
  }
  try {
    // A check that died with its process is one that was stopped.
    const bool done = known->value("state") == "done";
    ordered_json answer{{"state", running ? "running" : !error.empty() ? "failed" : done ? "done" : "stopped"}};
    if (!error.empty()) {
      answer["error"] = error;
    }
    const json options = json::parse(known->value("options"), nullptr, /*allow_exceptions=*/false);
    answer["options"] = options.is_object() ? options : json::object();
    answer["progress"] = progressJson(running, begun);
    auto last = static_cast<std::int64_t>(number(request, "after"));
    answer["findings"] = json::array();
    for (const auto& entry : known->findings(last, kFindingsAtOnce)) {
      answer["findings"].push_back(ordered_json::parse(entry.text));
      last = entry.number;
    }
    answer["number"] = last;
    if (!running) {
      answer["counts"] = json::array();
      for (const auto& count : known->counts()) {
        answer["counts"].push_back(
            {{"kind", count.kind}, {"outcome", count.outcome}, {"findings", count.findings}, {"bytes", count.bytes}});
      }
      answer["sums"] = known->sums();
      const auto [blobs, bytes] = known->blobTotals();
      answer["sums"]["blobs"] = blobs;
      answer["sums"]["blob_bytes"] = bytes;
    }
    return dump(answer);
  } catch (const index::IndexError& failure) {
    return base::fail(std::string(failure.what()));
  }
}

Fsck::Answer Fsck::cancel() {
  {
    auto state = state_.lock();
    if (!state->running) {
      return base::fail(std::string("no check is running"));
    }
    stopping_ = true;
  }
  changed_.notify_all();
  return status("{}");
}

void Fsck::stop() {
  std::thread ended;
  {
    auto state = state_.lock();
    state->closed = true;
    stopping_ = true;
    ended = std::move(state->thread);
  }
  changed_.notify_all();
  if (ended.joinable()) {
    ended.join();
  }
}

}  // namespace rha::registryd
