// KeptLists: the last list of tags that each read connection put together, given again while nothing was committed.
//
// SQLite tells (PRAGMA data_version) whether the file has changed since this connection looked last, by whichever
// process; so nobody who writes has to know of what is kept. Holds at most kMostBytes for each connection. Owned by
// SqliteIndex. Thread-safe; a connection is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/lock_guarded.h"
#include "index/statement.h"

namespace rha::index {

class KeptLists final {
 public:
  static constexpr std::size_t kMostBytes = 1024 * 1024;

  // The text of the list that `key` names: kept from before, or `make`'s. Failure: IndexError.
  std::string get(Connection& connection, const std::string& key, const std::function<std::string()>& make);
  // Before the connections go.
  void clear();

 private:
  struct Kept {
    std::string key;
    std::int64_t version = 0;
    std::shared_ptr<const std::string> text;
  };
  base::LockGuarded<std::unordered_map<const Connection*, Kept>> lists_;
};

}  // namespace rha::index
