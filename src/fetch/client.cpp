#include "fetch/client.h"

#include "fetch/connection_pool.h"
#include "fetch/transfer.h"

namespace rha::fetch {

Client::Client(ClientSettings settings) : pool_(std::make_unique<ConnectionPool>(std::move(settings))) {}
Client::~Client() = default;

std::unique_ptr<Exchange> Client::start(const Request& request) {
  auto lease = pool_->take(request.url);
  auto transfer = std::make_unique<Transfer>(lease->handle(), pool_->settings(), request);
  auto exchange = std::make_unique<Exchange>(std::move(lease), std::move(transfer));
  exchange->advance();
  return exchange;
}

Response Client::fetch(const Request& request, std::uint64_t maxBytes) { return start(request)->finish(maxBytes); }

std::size_t Client::active() { return pool_->active(); }

}  // namespace rha::fetch
