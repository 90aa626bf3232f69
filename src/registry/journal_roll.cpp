#include "registry/journal_roll.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxEntryBytes = 1024;
// How long somebody else may overwrite an entry without knowing.
constexpr std::chrono::minutes kUnsure{2};
// Most entries that are looked at from the newest back.
constexpr std::uint64_t kMostRecent = 1000;

}  // namespace

std::optional<JournalRoll::Entry> JournalRoll::read(std::uint64_t number) {
  const auto bytes = driver_.get(layout::journalRollEntry(number), kMaxEntryBytes);
  const auto json = bytes ? nlohmann::json::parse(*bytes, nullptr, /*allow_exceptions=*/false) : nlohmann::json();
  const auto text = [&](const char* key) {
    return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>()
                                                                           : std::string();
  };
  const auto at = base::parseRfc3339(text("at"));
  if (!at || text("writer").empty()) {
    return std::nullopt;
  }
  return Entry{number, text("writer"), *at};
}

std::uint64_t JournalRoll::highest() {
  std::uint64_t most = 0;
  driver_.list(layout::journalRoll(), [&](const storage::ListEntry& entry) {
    most = std::max(most, base::parseUnsigned(entry.name).value_or(0));
    return true;
  });
  return most;
}

JournalRoll::Entry JournalRoll::enterAnew(const std::string& writer) {
  std::uint64_t number = std::max<std::uint64_t>(highest(), own_ ? own_->number : 0) + 1;
  while (driver_.stat(layout::journalRollEntry(number))) {
    ++number;
  }
  Entry entry{number, writer, clock_.now()};
  const nlohmann::json json{{"v", 1}, {"writer", entry.writer}, {"at", base::formatRfc3339Micros(entry.at)}};
  driver_.put(layout::journalRollEntry(number), json.dump(), storage::Durability::Durable);
  return entry;
}

void JournalRoll::enter(const std::string& writer) {
  const std::lock_guard lock(mutex_);
  if (!own_ || clock_.now() - own_->at > kStands) {
    own_ = enterAnew(writer);
  }
}

void JournalRoll::confirm() {
  const std::lock_guard lock(mutex_);
  if (!own_ || clock_.now() - own_->at > kUnsure) {
    return;
  }
  if (const auto there = read(own_->number); there && there->writer != own_->writer) {
    own_ = enterAnew(own_->writer);
  }
}

std::vector<JournalRoll::Entry> JournalRoll::recent() {
  std::vector<Entry> entries;
  const auto oldest = clock_.now() - kFollowed;
  for (std::uint64_t number = highest(); number > 0 && entries.size() < kMostRecent; --number) {
    auto entry = read(number);
    if (entry && entry->at < oldest) {
      break;
    }
    if (entry) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

}  // namespace rha::registry
