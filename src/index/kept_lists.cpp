#include "index/kept_lists.h"

#include <utility>

namespace rha::index {

std::string KeptLists::get(Connection& connection, const std::string& key, const std::function<std::string()>& make) {
  // Asked before the list is read: what is committed in between is in the list, and only makes it be read once more.
  const std::int64_t version = connection.number("PRAGMA data_version");
  std::shared_ptr<const std::string> kept;
  {
    auto lists = lists_.lock();
    const auto found = lists->find(&connection);
    if (found != lists->end() && found->second.key == key && found->second.version == version) {
      kept = found->second.text;
    }
  }
  if (kept) {
    return *kept;
  }
  std::string text = make();
  if (text.size() <= kMostBytes) {
    auto copy = std::make_shared<const std::string>(text);
    lists_.lock()->insert_or_assign(&connection, Kept{key, version, std::move(copy)});
  }
  return text;
}

void KeptLists::clear() { lists_.lock()->clear(); }

}  // namespace rha::index
