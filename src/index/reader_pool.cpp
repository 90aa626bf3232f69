#include "index/reader_pool.h"

#include <algorithm>
#include <string>

namespace rha::index {

void ReaderPool::open(const std::filesystem::path& path, unsigned count, std::chrono::milliseconds patience) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (unsigned i = 0; i < std::max(count, 1U); ++i) {
    connections.push_back(std::make_unique<Connection>(
        Connection::Options{.path = path, .mode = Connection::Mode::Read, .busyTimeout = patience}));
    connections.back()->number("SELECT count(*) FROM mark");
  }
  auto state = state_.lock();
  state->total = connections.size();
  state->idle = std::move(connections);
  state->open = true;
  state->patience = patience;
}

void ReaderPool::close() noexcept {
  std::vector<std::unique_ptr<Connection>> connections;
  {
    auto state = state_.lock();
    state->open = false;
    returned_.notify_all();
    // Without a deadline: a lease lasts one query, and there is nothing else to do than to wait for it.
    returned_.wait(state.native(), [&state] { return state->idle.size() == state->total; });
    connections = std::move(state->idle);
    state->idle.clear();
    state->total = 0;
  }
}

ReaderPool::Lease ReaderPool::lease() {
  auto state = state_.lock();
  const bool inTime =
      returned_.wait_for(state.native(), state->patience, [&state] { return !state->idle.empty() || !state->open; });
  if (!state->open) {
    throw IndexError("index: closed, nothing can be read");
  }
  if (!inTime) {
    throw IndexError("index: all " + std::to_string(state->total) + " read connections were busy for " +
                     std::to_string(state->patience.count()) + " ms; raise their number if the disk is not the cause");
  }
  auto connection = std::move(state->idle.back());
  state->idle.pop_back();
  return {*this, std::move(connection)};
}

void ReaderPool::giveBack(std::unique_ptr<Connection> connection) noexcept {
  // notify_all: close() may wait besides readers, and needs every return.
  state_.lock()->idle.push_back(std::move(connection));
  returned_.notify_all();
}

}  // namespace rha::index
