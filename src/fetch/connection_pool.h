// ConnectionPool: the connections of a Client. Each lives in a libcurl multi handle of its own, lent to one exchange at
// a time; the one used last is lent first, preferably to the host it is connected to.
//
// Thread-safe. The pool outlives the leases.
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock_guarded.h"
#include "fetch/client.h"

namespace rha::fetch {

struct CloseMulti {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using MultiHandle = std::unique_ptr<CURLM, CloseMulti>;

// A connection, or the right to make one. Given back when destroyed.
class ConnectionLease final {
 public:
  ConnectionLease(ConnectionPool& pool, MultiHandle handle, std::string origin)
      : pool_(pool), handle_(std::move(handle)), origin_(std::move(origin)) {}
  ~ConnectionLease();
  ConnectionLease(const ConnectionLease&) = delete;
  ConnectionLease& operator=(const ConnectionLease&) = delete;

  [[nodiscard]] CURLM* handle() const { return handle_.get(); }

 private:
  ConnectionPool& pool_;
  MultiHandle handle_;
  std::string origin_;
};

class ConnectionPool final {
 public:
  explicit ConnectionPool(ClientSettings settings);

  [[nodiscard]] const ClientSettings& settings() const { return settings_; }
  // Waits for a free one; FetchError(Busy) after settings.connectionWait.
  std::unique_ptr<ConnectionLease> take(std::string_view url);
  [[nodiscard]] std::size_t active() { return state_.lock()->active; }

 private:
  friend class ConnectionLease;
  struct Idle {
    std::string origin;
    MultiHandle handle;
  };
  struct State {
    std::size_t active = 0;
    std::vector<Idle> idle;  // the one used last at the end
  };
  void giveBack(MultiHandle handle, std::string origin) noexcept;

  ClientSettings settings_;
  base::LockGuarded<State> state_;
  std::condition_variable freed_;
};

}  // namespace rha::fetch
