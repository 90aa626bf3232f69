// Client: requests to other servers over HTTP/1.1 and TLS, on libcurl. Connections are kept and used again; how many
// there are at once is bounded.
//
//   fetch::Client client({});
//   Response small = client.fetch({.url = "http://127.0.0.1/x"}, 64 * 1024);   // the whole answer in memory
//   auto exchange = client.start({.url = …});                                  // the answer as it comes
//   exchange->head(); exchange->read(buffer);
//
// No thread of its own: an exchange moves while its owner calls it. Between two calls the server waits, which is the
// back-pressure: of an answer nobody reads, kExchangeBufferBytes and the kernel's buffers are filled.
// Thread-safe; the exchanges it gives out belong to one thread at a time each and must not outlive it.
// Failure: FetchError. Environment variables (http_proxy) have no influence.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "fetch/exchange.h"
#include "fetch/fetch_error.h"
#include "fetch/request.h"

namespace rha::fetch {

class ConnectionPool;

struct ClientSettings {
  std::size_t maxConnections = 128;                  // exchanges at once; more wait for one to end
  std::size_t maxIdle = 32;                          // connections kept open between exchanges
  std::chrono::milliseconds connectionWait{30'000};  // longest wait for an exchange to end; then Busy
  std::string caFile = {};                           // PEM; empty: the system's certificate authorities
  std::string userAgent = "docker-registry-ha";
};

class Client final {
 public:
  explicit Client(ClientSettings settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends what can be sent at once and returns. `request.body` is borrowed until the exchange is destroyed.
  std::unique_ptr<Exchange> start(const Request& request);

  // The whole exchange; a body of more than `maxBytes` is TooLarge.
  Response fetch(const Request& request, std::uint64_t maxBytes);

  // Exchanges under way, for metrics.
  [[nodiscard]] std::size_t active();

 private:
  std::unique_ptr<ConnectionPool> pool_;
};

}  // namespace rha::fetch
