// Server: the HTTP/1.1 engine. Event threads park idle and incomplete connections, receive bodies and send answers
// without blocking; a bounded pool of workers runs the handlers. An idle or slow client costs no thread.
//
//            accept, head, body bytes, answer bytes            handle(), write(), finish(), BodySource::read()
//   clients <───────────── event-N (epoll) ─────────────────── serve-NN (bounded queue)
//
// A connection belongs to one event thread for its life; while a worker runs its handler the event thread only watches
// for its end. Hand-over is by queue and eventfd.
// Owned by the composition root. start() and stop() from one thread, once each. start() makes the process ignore
// SIGPIPE.
//
// Metrics:
//   registry_ha_connections{state="handshake|idle|head|busy|lingering"}   open now
//   registry_ha_connections_accepted_total
//   registry_ha_connections_closed_total{reason="client_closed|client_gone|answered|handshake_failed|
//                                                handshake_deadline|idle_deadline|head_deadline|body_deadline|refused|
//                                                source_failed|shed|stop|internal"}
//   registry_ha_connections_shed_total{how="idle|refused|dropped|address"}  at the limit of connections (of one
//                                                                         address) or descriptors
//   registry_ha_proxy_headers_refused_total
//   registry_ha_accept_failures_total
//   registry_ha_requests_shed_total                                       503: the workers' queue was full
//   registry_ha_worker_queue                                              tasks waiting for a worker
//   registry_ha_body_buffer_bytes, registry_ha_body_buffer_waiting        the body budget: in use, bodies waiting
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/address.h"
#include "net/handler.h"
#include "net/head_parser.h"
#include "net/transport.h"

namespace rha::net {

struct ServerSettings {
  HeadLimits head;
  std::uint64_t maxConnections = 16384;  // beyond: the oldest idle one is closed, else 503 with Retry-After
  // With one address, or one /64 network of IPv6; beyond: 503. 0: no limit.
  std::uint64_t maxConnectionsPerAddress = 0;
  // Whether connections from that address begin with a header of the PROXY protocol, and must; null: none do. Called on
  // event threads; quick.
  std::function<bool(const Address&)> speaksProxy = nullptr;
  std::uint64_t eventThreads = 2;
  std::uint64_t workerThreads = 16;
  std::uint64_t workerQueue = 4096;                  // requests waiting for a worker; beyond: 503 with Retry-After
  std::uint64_t bodyBufferBytes = 1024 * 1024;       // per body being received or streamed
  std::uint64_t bodyBudgetBytes = 48 * 1024 * 1024;  // all such buffers together; at the limit reading pauses
  std::chrono::milliseconds headDeadline{15'000};    // from the first byte to the end of the head -> 408
  std::chrono::milliseconds idleDeadline{75'000};    // between requests
  std::chrono::milliseconds bodyDeadline{60'000};    // without progress of a body, in either direction
};

class Server final {
 public:
  // `handler`, `observer`, `clock`, `logger` and `metrics` are borrowed and must outlive the server.
  Server(const ServerSettings& settings, Handler& handler, ExchangeObserver& observer, const base::Clock& clock,
         const base::Logger& logger, base::MetricsRegistry& metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens (SO_REUSEADDR, backlog 4096). Before start(). `transports` is borrowed, and makes the transport
  // of each connection; null: plain TCP. "::" is IPv4's addresses too, unless these are listened on already. Throws
  // base::IoError naming the address: "cannot listen on 127.0.0.1:5000: Address already in use".
  void listen(const Address& address, TransportFactory* transports = nullptr);
  // Takes an inherited listening socket (systemd socket activation, or the process before). Before start().
  void adopt(base::Fd listening, TransportFactory* transports = nullptr);
  // The addresses in fact listened on (port 0 resolved), in the order of the calls.
  [[nodiscard]] std::vector<Address> addresses() const;
  // Open client connections, idle ones too. Any thread.
  [[nodiscard]] std::uint64_t connections() const;

  // Starts the threads ("event-0" …, "serve-00" …).
  void start();
  // Duplicates of the listening sockets, in the order of addresses(), for a process that is to take over. After
  // start(), before drain() and stop(). Throws base::IoError.
  [[nodiscard]] std::vector<base::Fd> listeningCopies() const;
  // Stops accepting (closing the listening sockets) and gives every connection one more answer, its last: one that is
  // idle waits for its client's next request, or for the idle deadline. connections() tells when all have ended; stop()
  // is still to be called.
  void drain();
  // Stops accepting (closing the listening sockets), closes idle connections at once, lets running exchanges end with
  // "Connection: close" until `deadline`, then cuts them off and joins all threads. Returns how many were cut off.
  std::uint64_t stop(std::chrono::milliseconds deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rha::net
