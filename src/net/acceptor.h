// Acceptor: accepts connections on all listening sockets and hands each to the event loop with the fewest.
//
// One loop accepts for all (EPOLLEXCLUSIVE in each would leave the spreading to chance, and few busy connections on one
// loop leave a core unused). Room is made by closing the oldest idle connection; without any, new ones get a 503.
// Without descriptors (EMFILE) it waits a moment instead of spinning, and frees one with a spare descriptor.
// Owned by the Server; add() and open() before the threads, begin() and later on its loop's thread.
#pragma once

#include <memory>
#include <vector>

#include "base/fd.h"
#include "net/event_loop.h"

namespace rha::net {

class Acceptor final : public DeadlineEntry {
 public:
  Acceptor(Engine& engine, std::vector<EventLoop*> loops, std::uint64_t maxConnections);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor() override;

  // `factory` is borrowed.
  void add(base::Fd listening, TransportFactory& factory);
  // Takes the spare descriptor; before the threads, while there are any.
  void open();
  // Duplicates of the listening sockets. Before end(), on any thread.
  [[nodiscard]] std::vector<base::Fd> copies() const;
  void begin();
  // Closes the listening sockets.
  void end();
  // The pause after a failed accept(2) is over.
  void onDeadline() override;

 private:
  class Listener;
  void acceptFrom(int listening, TransportFactory& factory);
  void admit(base::Fd socket, const sockaddr_storage& peer, TransportFactory& factory);
  bool shedIdle();
  void onFailure(int listening, int errnoValue);
  void warn(int errnoValue);

  Engine& engine_;
  std::vector<EventLoop*> loops_;  // [0] is the one that accepts
  const std::uint64_t maxConnections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  base::Fd spare_;
  bool paused_ = false;
  base::SteadyTime warnAfter_;
};

}  // namespace rha::net
