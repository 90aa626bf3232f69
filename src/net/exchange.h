// Exchange: one request and its answer, where the event thread and the workers meet.
//
//   event thread                              worker (one at a time)
//   begin() ───────────────────────────────>  Handler::handle() ──> a Response, or a BodySink
//   fill(), publish(), endBody(), abort() ──> BodySink::write()*, finish() or abort()
//   stream() ──────────────────────────────>  BodySource::read()*, into the pipe
//   Connection::onExchange() <──────────────  mailbox of the event loop, when there is something to look at
//
// Owned by its Connection; destroyed only when settled(): no worker has it and no notice of it is on its way. Functions
// are the event thread's unless said otherwise. What handlers, sinks and sources throw ends here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/backend_count.h"
#include "base/lock_guarded.h"
#include "net/body_pipe.h"
#include "net/engine.h"

namespace rha::net {

class Connection;
class EventLoop;

class Exchange final : public WorkerTask, public BudgetWaiter {
 public:
  Exchange(Engine& engine, EventLoop& loop, Connection& owner) : engine_(engine), loop_(loop), owner_(owner) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() override;

  Request request;
  ExchangeResult result;
  // Requests to other servers that the handler, its sink and its source made so far. Any thread.
  [[nodiscard]] std::uint64_t backendRequests() const { return backend_.value(); }
  bool observed = false;  // onStart was called, onEnd is due

  // Has Handler::handle() called. False: the workers' queue is full.
  [[nodiscard]] bool begin();
  // The answer, once a worker left one; nullopt before and after.
  std::optional<Response> takeResponse();
  // handle() returned a sink, and the body is wanted.
  [[nodiscard]] bool hasSink();

  // Where to put the next bytes of the body. Null: no buffer is free; a notice follows once one is.
  BodySlot* beginFill();
  // Hands the slot over and wakes a worker if none is at it.
  void publish(BodySlot& slot);
  void endBody();
  // Gives the exchange up: the sink's abort() is called, the source destroyed, a response to come is dropped.
  void abort(AbortReason reason);

  // Begins to read the body of the answer, or its last `bytes`, from `source`.
  void stream(std::unique_ptr<base::BodySource> source, std::uint64_t bytes);
  // The next bytes of the stream; null: a notice follows. sourceFailed() before.
  BodySlot* beginSend();
  void endSend(BodySlot& slot);
  [[nodiscard]] bool sourceFailed() const { return sourceFailed_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::string& failure() const { return failure_; }

  // Gives buffers which are not in use back to the budget.
  void releaseFreeBuffers();

  [[nodiscard]] bool settled() const { return outstanding_ == 0; }
  [[nodiscard]] Connection& owner() { return owner_; }

  // From the mailbox.
  void onJobEnd();
  void onBufferGranted(BodyBuffer buffer);

  // Worker threads.
  void run() noexcept override;
  // Any thread.
  void onBuffer(BodyBuffer buffer) override;

 private:
  enum class Step : std::uint8_t { Handle, Consume, Read };
  struct Shared {
    BodyPipe pipe;
    bool active = false;      // a worker is at it, or will be
    bool bodyEnded = false;   // nothing more will be published
    bool hasSink = false;     // handle() returned one
    bool sinkDone = false;    // there will be no sink, or it wants nothing more
    bool answered = false;    // response_ is there to be taken
    bool sourceOpen = false;  // source_ is still to be read or destroyed
    bool wakeWanted = false;  // the event thread waits for a slot
    std::optional<AbortReason> abort;
  };

  void submit(Step step);
  void work() noexcept;
  void releaseAllBuffers();
  // Makes sure that there is a buffer, and a second if there is plenty. False: a notice follows.
  bool ensureBuffers(int wanted);
  void handle();
  bool consumeOne();
  bool readOne();
  void answer();
  void failSource(BodySlot& slot, std::string why);

  Engine& engine_;
  EventLoop& loop_;
  Connection& owner_;
  int outstanding_ = 0;  // notices that will come: ends of jobs, a granted buffer
  bool waitsForBuffer_ = false;
  std::uint64_t streamBytes_ = 0;
  Step step_ = Step::Handle;  // of the job about to run
  base::LockGuarded<Shared> shared_;
  base::BackendCount backend_;

  // The active worker's; the event thread looks only after the end of the job.
  std::unique_ptr<BodySink> sink_;
  std::unique_ptr<base::BodySource> source_;
  std::uint64_t sourceLeft_ = 0;
  std::optional<Response> response_;
  std::string failure_;
  std::atomic<bool> sourceFailed_{false};
};

}  // namespace rha::net
