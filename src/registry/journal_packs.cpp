#include "registry/journal_packs.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxPackBytes = layout::kJournalFolder * (kMaxJournalRecordBytes + 32);

std::string textOf(const JournalPack& pack) {
  std::string text;
  for (const auto& [number, entry] : pack.entries) {
    text.append(std::to_string(number)).append(" ").append(entry.json).append("\n");
  }
  return text;
}

// What is stored of the numbers `first` to `last` and can be packed; nullopt if something is not old enough.
std::optional<JournalPack> recordsBefore(storage::StorageDriver& driver, const std::string& writer, std::uint64_t first,
                                         std::uint64_t last, base::WallTime before) {
  JournalPack found;
  // The newest first: of most thousands that cannot be packed nothing else is read.
  for (std::uint64_t number = last + 1; number-- > first;) {
    auto json = driver.get(layout::journalRecord(writer, number), kMaxJournalRecordBytes);
    auto record = json ? decodeJournalRecord(*json) : std::nullopt;
    if (record && record->at >= before) {
      return std::nullopt;
    }
    if (record && json->find('\n') == std::string::npos) {
      found.entries.emplace(number, JournalPack::Entry{std::move(*json), std::move(*record)});
    }
  }
  return found;
}

std::uint64_t removePacked(storage::StorageDriver& driver, const std::string& writer, const JournalPack& records,
                           const JournalPack& stored) {
  std::uint64_t removed = 0;
  for (const auto& [number, entry] : records.entries) {
    const auto packed = stored.entries.find(number);
    if (packed != stored.entries.end() && packed->second.json == entry.json) {
      removed += driver.remove(layout::journalRecord(writer, number)) ? 1 : 0;
    }
  }
  return removed;
}

std::uint64_t packThousand(storage::StorageDriver& driver, const std::string& writer, std::uint64_t thousand,
                           std::uint64_t last, base::WallTime before) {
  const auto records = recordsBefore(driver, writer, thousand * layout::kJournalFolder, last, before);
  if (!records || records->entries.empty()) {
    return 0;
  }
  JournalPack pack = readJournalPack(driver, writer, thousand);
  const std::size_t had = pack.entries.size();
  pack.entries.insert(records->entries.begin(), records->entries.end());
  if (pack.damaged > 0 || pack.entries.size() < 2) {
    return 0;
  }
  if (pack.entries.size() > had) {
    driver.put(layout::journalPack(writer, thousand), textOf(pack), storage::Durability::Durable);
  }
  return removePacked(driver, writer, *records, readJournalPack(driver, writer, thousand));
}

}  // namespace

JournalPack readJournalPack(storage::StorageDriver& driver, const std::string& writer, std::uint64_t thousand) {
  JournalPack pack;
  const auto bytes = driver.get(layout::journalPack(writer, thousand), kMaxPackBytes);
  for (std::string_view rest = bytes ? std::string_view(*bytes) : std::string_view(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto number = base::parseUnsigned(line.substr(0, space));
    const std::string_view json = line.substr(std::min(space + 1, line.size()));
    auto record = decodeJournalRecord(json);
    if (number && *number / layout::kJournalFolder == thousand && record) {
      pack.entries.emplace(*number, JournalPack::Entry{std::string(json), std::move(*record)});
    } else {
      ++pack.damaged;
    }
  }
  return pack;
}

std::uint64_t packJournal(storage::StorageDriver& driver, base::WallTime before, const std::function<bool()>& goOn) {
  std::uint64_t removed = 0;
  for (const std::string& writer : Journal::writers(driver)) {
    for (const auto& [thousand, numbers] : Journal::listedNumbers(driver, writer)) {
      if (!goOn()) {
        return removed;
      }
      if (!numbers.empty()) {
        removed += packThousand(driver, writer, thousand, numbers.back(), before);
      }
    }
  }
  return removed;
}

}  // namespace rha::registry
