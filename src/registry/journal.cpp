#include "registry/journal.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "registry/journal_packs.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::array<std::pair<JournalRecord::Action, std::string_view>, 4> kActions{{
    {JournalRecord::Action::Manifest, "manifest"},
    {JournalRecord::Action::Tag, "tag"},
    {JournalRecord::Action::Untag, "untag"},
    {JournalRecord::Action::Delete, "delete"},
}};

std::string text(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// Names directly below a folder, sorted: numbers of one width sort by value.
std::vector<std::string> childrenOf(storage::StorageDriver& driver, const std::string& folder) {
  std::vector<std::string> names;
  driver.list(folder, [&](const storage::ListEntry& entry) {
    names.push_back(entry.name);
    return true;
  });
  std::sort(names.begin(), names.end());
  return names;
}

// All that is stored of a thousand numbers. What is counted as damaged is in neither place.
struct Thousand {
  std::map<std::uint64_t, JournalRecord> records;
  std::uint64_t damaged = 0;
};

Thousand readThousand(storage::StorageDriver& driver, Crew& crew, const std::string& writer, std::uint64_t thousand,
                      const std::vector<std::uint64_t>& numbers) {
  std::vector<std::optional<JournalRecord>> own(numbers.size());
  crew.each(numbers.size(), [&](std::size_t i) { own[i] = Journal::read(driver, {writer, numbers[i]}); });
  // After them: what is being packed meanwhile is missed in one place at most.
  JournalPack pack = readJournalPack(driver, writer, thousand);
  Thousand all;
  all.damaged = pack.damaged;
  for (auto& [number, entry] : pack.entries) {
    all.records.emplace(number, std::move(entry.record));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (own[i]) {
      all.records.emplace(numbers[i], std::move(*own[i]));
    } else {
      all.damaged += all.records.contains(numbers[i]) ? 0 : 1;
    }
  }
  return all;
}

}  // namespace

std::string encodeJournalRecord(const JournalRecord& record) {
  const auto* action =
      std::find_if(kActions.begin(), kActions.end(), [&](const auto& row) { return row.first == record.action; });
  nlohmann::ordered_json json = {{"v", 1},
                                 {"at", base::formatRfc3339Micros(record.at)},
                                 {"action", action->second},
                                 {"repository", record.repository}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) {
      json[key] = value;
    }
  };
  add("tag", record.tag);
  add("digest", record.digest);
  add("actor", record.actor);
  add("address", record.address);
  return json.dump();
}

std::optional<JournalRecord> decodeJournalRecord(std::string_view encoded) {
  const auto json = nlohmann::json::parse(encoded, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return std::nullopt;
  }
  const std::string name = text(json, "action");
  const auto* action =
      std::find_if(kActions.begin(), kActions.end(), [&](const auto& row) { return row.second == name; });
  const auto at = base::parseRfc3339(text(json, "at"));
  if (action == kActions.end() || !at) {
    return std::nullopt;
  }
  return JournalRecord{
      action->first,        *at, text(json, "repository"), text(json, "tag"), text(json, "digest"), text(json, "actor"),
      text(json, "address")};
}

Journal::Journal(storage::StorageDriver& driver, std::string writer, JournalRoll* roll)
    : driver_(driver), writer_(std::move(writer)), roll_(roll) {}

std::uint64_t Journal::takeNumber() {
  auto numbers = numbers_.lock();
  const std::uint64_t number =
      numbers->failed.empty() ? numbers->next++ : numbers->failed.extract(numbers->failed.begin()).value();
  numbers->open.insert(number);
  return number;
}

std::uint64_t Journal::append(const JournalRecord& record) {
  if (roll_ != nullptr) {
    roll_->enter(writer_);
  }
  // A reader that follows this sequence waits at a number that is missing, so a number whose record could not be
  // stored is given to the next record.
  const std::uint64_t number = takeNumber();
  try {
    driver_.put(layout::journalRecord(writer_, number), encodeJournalRecord(record), storage::Durability::Durable);
  } catch (...) {
    auto numbers = numbers_.lock();
    numbers->open.erase(number);
    numbers->failed.insert(number);
    throw;
  }
  return number;
}

void Journal::settle(std::uint64_t number) { numbers_.lock()->open.erase(number); }

std::uint64_t Journal::settled() {
  auto numbers = numbers_.lock();
  std::uint64_t first = numbers->next;
  for (const auto* unsettled : {&numbers->open, &numbers->failed}) {
    first = unsettled->empty() ? first : std::min(first, *unsettled->begin());
  }
  return first - 1;
}

std::vector<std::string> Journal::writers(storage::StorageDriver& driver) {
  std::vector<std::string> all = childrenOf(driver, layout::journalRoot());
  for (std::string& writer : childrenOf(driver, layout::journalPacks())) {
    all.push_back(std::move(writer));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::map<std::uint64_t, std::vector<std::uint64_t>> Journal::listedNumbers(storage::StorageDriver& driver,
                                                                           const std::string& writer,
                                                                           std::uint64_t firstThousand) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> all;
  const std::string folder = layout::journalRoot() + '/' + writer;
  for (const auto& name : childrenOf(driver, folder)) {
    const auto thousand = base::parseUnsigned(name);
    if (!thousand || *thousand < firstThousand) {
      continue;
    }
    std::vector<std::uint64_t>& numbers = all[*thousand];
    for (const auto& record : childrenOf(driver, std::string(folder).append("/").append(name))) {
      numbers.push_back(base::parseUnsigned(record).value_or(0));
    }
  }
  return all;
}

std::optional<JournalRecord> Journal::read(storage::StorageDriver& driver, const JournalPlace& place) {
  const auto bytes = driver.get(layout::journalRecord(place.writer, place.number), kMaxJournalRecordBytes);
  return bytes ? decodeJournalRecord(*bytes) : std::nullopt;
}

std::uint64_t Journal::readAll(storage::StorageDriver& driver, const Visit& visit) {
  Crew alone(0);
  return readAll(driver, alone, visit);
}

std::uint64_t Journal::readAll(storage::StorageDriver& driver, Crew& crew, const Visit& visit) {
  std::uint64_t damaged = 0;
  for (const auto& writer : writers(driver)) {
    auto thousands = listedNumbers(driver, writer);
    for (const auto& name : childrenOf(driver, layout::journalPacks() + '/' + writer)) {
      thousands[base::parseUnsigned(name).value_or(0)];
    }
    for (const auto& [thousand, numbers] : thousands) {
      const Thousand read = readThousand(driver, crew, writer, thousand, numbers);
      for (const auto& [number, record] : read.records) {
        visit({writer, number}, record);
      }
      damaged += read.damaged;
    }
  }
  return damaged;
}

std::uint64_t Journal::readPacked(storage::StorageDriver& driver, const JournalPlace& from, const Visit& visit) {
  std::uint64_t next = from.number;
  for (std::uint64_t thousand = from.number / layout::kJournalFolder;; ++thousand) {
    const JournalPack pack = readJournalPack(driver, from.writer, thousand);
    if (pack.entries.empty()) {
      return next;
    }
    for (auto it = pack.entries.lower_bound(from.number); it != pack.entries.end(); ++it) {
      visit({from.writer, it->first}, it->second.record);
      next = it->first + 1;
    }
  }
}

}  // namespace rha::registry
