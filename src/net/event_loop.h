// EventLoop: one thread ("event-0" …) with an epoll, its connections, their deadlines, and a mailbox.
//
// Descriptors are watched edge-triggered and registered once: no epoll_ctl per request, and what nobody reads cannot
// spin. Owned by the Server. post() and load() from any thread, open(), start() and join() from the owner's, the rest
// on the loop's own thread (asserted).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "net/deadline_queue.h"
#include "net/engine.h"
#include "net/transport.h"

namespace rha::net {

class Acceptor;
class Connection;
class Exchange;

// What an epoll event is for.
class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  virtual ~Watched() = default;
  virtual void onEvents(std::uint32_t events) = 0;
};

// Room for one more connection, or not: of all, or of its address.
enum class Welcome : std::uint8_t { Served, Refused, Crowded };

// A message to a loop. Which members count depends on the kind.
struct Notice {
  enum class Kind : std::uint8_t {
    JobEnd,    // exchange: a worker let go of it
    Look,      // exchange: a slot of its pipe changed hands
    Buffer,    // exchange, buffer: granted by the budget
    Adopt,     // socket, factory, peer, slot, welcome: a new connection
    ShedIdle,  // close the oldest idle connection
    Drain,     // accept no more connections
    Stop       // until
  };
  Kind kind;
  Exchange* exchange = nullptr;
  BodyBuffer buffer = {};
  base::Fd socket = {};
  TransportFactory* factory = nullptr;
  Address peer = {};
  AddressLimiter::Slot slot = {};
  Welcome welcome = Welcome::Served;
  base::SteadyTime until = {};
};

class EventLoop final {
 public:
  EventLoop(Engine& engine, std::uint64_t index);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Throws IoError.
  void open();
  // `acceptor` (borrowed) is started on this loop's thread; null for the loops that only get what others accept.
  void start(Acceptor* acceptor);
  void join();
  void post(Notice notice);
  // Connections assigned to this loop and not closed yet.
  [[nodiscard]] std::uint64_t load() const { return load_.load(std::memory_order_relaxed); }
  void addLoad() { load_.fetch_add(1, std::memory_order_relaxed); }
  // After join(): exchanges cut off by the deadline of Stop.
  [[nodiscard]] std::uint64_t cutOff() const { return cutOff_; }
  [[nodiscard]] LoopCounters& counters() { return counters_; }
  [[nodiscard]] bool onThisThread() const { return std::this_thread::get_id() == threadId_; }

  // Time at the beginning of this turn.
  [[nodiscard]] base::SteadyTime now() const { return now_; }
  // "Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n".
  [[nodiscard]] std::string_view dateLine() const { return dateLine_; }
  [[nodiscard]] DeadlineQueue& deadlines() { return deadlines_; }
  void setDeadline(DeadlineEntry& entry, DeadlineClass kind) { deadlines_.set(entry, kind, now_); }
  // What a connection may send or receive before others have their turn: less when many are busy, so that a round of
  // all of them stays short and a new client need not wait.
  [[nodiscard]] std::uint64_t turnBytes() const { return turnBytes_; }
  // Memory for one call: what was read, and the head being composed.
  [[nodiscard]] std::span<std::byte> scratch() { return scratch_; }
  [[nodiscard]] std::string& headScratch() { return headScratch_; }
  // An identifier which no other request has.
  [[nodiscard]] std::string makeId();

  // Throws IoError.
  void watch(int descriptor, Watched& watched, std::uint32_t events);
  void rewatch(int descriptor, Watched& watched, std::uint32_t events);
  // For a descriptor that another process has, too: to close it does not end its events.
  void unwatch(int descriptor);
  // Calls connection.advance() in the next turn, after others had theirs.
  void again(Connection& connection);
  // A step of a TLS handshake costs up to a millisecond: all of them together have a small part of each turn, so that a
  // crowd that comes back at once does not keep those that are connected waiting. False: its turn has not come, and
  // connection.advance() will be called when it does.
  bool beginHandshake(Connection& connection);
  void endHandshake();
  // The connection's descriptor is closed: it is no longer part of the load.
  void unload() { load_.fetch_sub(1, std::memory_order_relaxed); }
  // Destroys the connection at the end of the turn.
  void bury(Connection& connection);
  bool shedOldestIdle();
  // Sheds asked of this loop by others and not yet done.
  std::atomic<std::uint64_t> shedsAsked{0};

 private:
  class Waker;
  void run();
  void turn(std::array<epoll_event, 256>& events);
  [[nodiscard]] int timeout();
  void updateClock();
  void takeMail();
  void handle(Notice& notice);
  void adopt(Notice& notice);
  void runAgain();
  void runHandshakes();
  void buryAll();
  void beginStop(base::SteadyTime until);
  void cutAll();

  Engine& engine_;
  const std::uint64_t index_;
  LoopCounters& counters_;
  base::Fd epoll_;
  base::Fd wake_;
  std::unique_ptr<Waker> waker_;
  std::thread thread_;
  std::thread::id threadId_;  // set by the thread itself
  Acceptor* acceptor_ = nullptr;
  base::LockGuarded<std::vector<Notice>> mailbox_;
  std::vector<Notice> mail_;  // being worked off; swapped with the mailbox

  base::SteadyTime now_;
  std::int64_t dateSecond_ = -1;
  std::string dateLine_;
  std::uint64_t turnBytes_ = 0;
  DeadlineQueue deadlines_;
  std::vector<std::byte> scratch_;
  std::string headScratch_;
  std::uint64_t idState_ = 0;

  std::list<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> again_;
  std::vector<Connection*> dead_;
  std::deque<Connection*> handshakes_;  // waiting for their turn
  bool runsHandshakes_ = false;
  base::SteadyTime handshakeBegan_;
  base::SteadyTime::duration handshakeTime_{};  // in this turn
  std::atomic<std::uint64_t> load_{0};
  bool stopping_ = false;
  bool cut_ = false;
  base::SteadyTime stopAt_;
  std::uint64_t cutOff_ = 0;
};

}  // namespace rha::net
