#include "fetch/connection_pool.h"

#include <algorithm>
#include <mutex>
#include <new>

namespace rha::fetch {
namespace {

// More than one only where redirects lead elsewhere.
constexpr long kConnectionsPerHandle = 2;

void initialiseLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// "http://host:port" of a URL.
std::string_view originOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace

ConnectionLease::~ConnectionLease() { pool_.giveBack(std::move(handle_), std::move(origin_)); }

ConnectionPool::ConnectionPool(ClientSettings settings) : settings_(std::move(settings)) {
  settings_.maxConnections = std::max<std::size_t>(settings_.maxConnections, 1);
  initialiseLibrary();
}

std::unique_ptr<ConnectionLease> ConnectionPool::take(std::string_view url) {
  std::string origin(originOf(url));
  const auto deadline = std::chrono::steady_clock::now() + settings_.connectionWait;
  MultiHandle handle;
  {
    auto state = state_.lock();
    if (!freed_.wait_until(state.native(), deadline, [&] { return state->active < settings_.maxConnections; })) {
      throw FetchError(FetchFailure::Busy, "no connection to " + origin + ": all " +
                                               std::to_string(settings_.maxConnections) + " were in use for " +
                                               std::to_string(settings_.connectionWait.count()) + " ms");
    }
    ++state->active;
    auto found =
        std::find_if(state->idle.rbegin(), state->idle.rend(), [&](const Idle& idle) { return idle.origin == origin; });
    if (found != state->idle.rend()) {
      handle = std::move(found->handle);
      state->idle.erase(std::next(found).base());
    }
  }
  // From here on the lease gives the place back, whatever happens.
  auto lease = std::make_unique<ConnectionLease>(*this, handle ? std::move(handle) : MultiHandle(curl_multi_init()),
                                                 std::move(origin));
  if (lease->handle() == nullptr) {
    throw std::bad_alloc();
  }
  curl_multi_setopt(lease->handle(), CURLMOPT_MAXCONNECTS, kConnectionsPerHandle);
  return lease;
}

void ConnectionPool::giveBack(MultiHandle handle, std::string origin) noexcept {
  MultiHandle surplus;  // closed without the lock
  {
    auto state = state_.lock();
    --state->active;
    if (handle && settings_.maxIdle > 0) {
      if (state->idle.size() >= settings_.maxIdle) {
        surplus = std::move(state->idle.front().handle);
        state->idle.erase(state->idle.begin());
      }
      state->idle.push_back({std::move(origin), std::move(handle)});
    }
  }
  freed_.notify_one();
}

}  // namespace rha::fetch
