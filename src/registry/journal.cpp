#include "registry/journal.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxRecordBytes = 8 * 1024;

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

// Calls `visit` with the numbers of each folder of a thousand records, in order, but for those that end before `from`.
void forEachThousand(storage::StorageDriver& driver, const std::string& writer, std::uint64_t from,
                     const std::function<void(const std::vector<std::uint64_t>&)>& visit) {
  const std::string folder = layout::journalRoot() + '/' + writer;
  for (const auto& thousand : childrenOf(driver, folder)) {
    if (base::parseUnsigned(thousand).value_or(0) < from / 1000) {
      continue;
    }
    std::vector<std::uint64_t> numbers;
    for (const auto& name : childrenOf(driver, std::string(folder).append("/").append(thousand))) {
      numbers.push_back(base::parseUnsigned(name).value_or(0));
    }
    visit(numbers);
  }
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

std::string journalMark(std::string_view writer) { return "journal." + std::string(writer); }

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
  return childrenOf(driver, layout::journalRoot());
}

void Journal::listNumbers(storage::StorageDriver& driver, const std::string& writer, std::uint64_t settled,
                          const std::function<void(std::uint64_t)>& visit) {
  forEachThousand(driver, writer, settled, [&](const std::vector<std::uint64_t>& numbers) {
    std::for_each(std::upper_bound(numbers.begin(), numbers.end(), settled), numbers.end(), visit);
  });
}

std::optional<JournalRecord> Journal::read(storage::StorageDriver& driver, const JournalPlace& place) {
  const auto bytes = driver.get(layout::journalRecord(place.writer, place.number), kMaxRecordBytes);
  return bytes ? decodeJournalRecord(*bytes) : std::nullopt;
}

std::uint64_t Journal::readAll(storage::StorageDriver& driver, const Visit& visit) {
  Crew alone(0);
  return readAll(driver, alone, visit);
}

std::uint64_t Journal::readAll(storage::StorageDriver& driver, Crew& crew, const Visit& visit) {
  std::uint64_t damaged = 0;
  for (const auto& writer : writers(driver)) {
    forEachThousand(driver, writer, 0, [&](const std::vector<std::uint64_t>& numbers) {
      std::vector<std::optional<JournalRecord>> records(numbers.size());
      crew.each(numbers.size(), [&](std::size_t i) { records[i] = read(driver, {writer, numbers[i]}); });
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        records[i] ? visit({writer, numbers[i]}, *records[i]) : static_cast<void>(++damaged);
      }
    });
  }
  return damaged;
}

}  // namespace rha::registry
