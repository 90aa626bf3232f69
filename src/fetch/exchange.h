// Exchange: one request and its answer on their way. Made by Client::start().
//
//   advance()*  →  head()  →  read()* until 0          or finish()
//
// Owned by the caller, used by one thread at a time (it may move between threads). Destroying it before the end gives
// the connection up. Failure: FetchError; afterwards only destruction is allowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "fetch/request.h"

namespace rha::fetch {

class ConnectionLease;
class Transfer;

// Bytes of an answer that came before they were asked for.
inline constexpr std::size_t kExchangeBufferBytes = 256 * 1024;

class Exchange final {
 public:
  // For Client::start().
  Exchange(std::unique_ptr<ConnectionLease> lease, std::unique_ptr<Transfer> transfer);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Sends and receives what can be, then waits for more, but no longer than `patience`. True once the answer's head is
  // there.
  bool advance(std::chrono::milliseconds patience = {});

  // Waits for the head: that of the final answer, after redirects that are followed. Valid as long as the exchange.
  const ResponseHead& head();

  // Waits for the next bytes of the body and returns how many; 0 only at its end. A body shorter than its
  // Content-Length is Broken.
  std::size_t read(std::span<std::byte> buffer);

  // The rest of the answer; TooLarge beyond `maxBytes`.
  Response finish(std::uint64_t maxBytes);

 private:
  std::unique_ptr<ConnectionLease> lease_;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace rha::fetch
