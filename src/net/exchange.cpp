#include "net/exchange.h"

#include <algorithm>
#include <stdexcept>

#include "net/event_loop.h"

namespace rha::net {

Exchange::~Exchange() { releaseAllBuffers(); }

bool Exchange::begin() {
  {
    auto shared = shared_.lock();
    shared->active = true;
    shared->bodyEnded = !request.hasBody();
  }
  step_ = Step::Handle;
  ++outstanding_;
  if (engine_.workers.submit(*this, Admission::New)) {
    return true;
  }
  --outstanding_;
  shared_.lock()->active = false;
  return false;
}

// Precondition: the caller has just set `active`.
void Exchange::submit(Step step) {
  step_ = step;
  ++outstanding_;
  static_cast<void>(engine_.workers.submit(*this, Admission::Continuation));
}

std::optional<Response> Exchange::takeResponse() {
  {
    auto shared = shared_.lock();
    if (!shared->answered) {
      return std::nullopt;
    }
    shared->answered = false;
  }
  releaseAllBuffers();
  return std::exchange(response_, std::nullopt);
}

bool Exchange::hasSink() { return shared_.lock()->hasSink; }

BodySlot* Exchange::beginFill() {
  for (bool retried = false;; retried = true) {
    int buffers = 0;
    {
      auto shared = shared_.lock();
      if (BodySlot* slot = shared->pipe.beginFill()) {
        return slot;
      }
      buffers = shared->pipe.buffers();
      if (buffers == 2 || retried) {
        shared->wakeWanted = true;
        return nullptr;
      }
    }
    if (!ensureBuffers(buffers + 1)) {
      return nullptr;
    }
  }
}

void Exchange::publish(BodySlot& slot) {
  {
    auto shared = shared_.lock();
    shared->pipe.endFill(slot);
    if (shared->active || shared->sinkDone || !shared->pipe.ready()) {
      return;
    }
    shared->active = true;
  }
  submit(Step::Consume);
}

void Exchange::endBody() {
  {
    auto shared = shared_.lock();
    shared->bodyEnded = true;
    if (shared->active || shared->sinkDone) {
      return;
    }
    shared->active = true;
  }
  submit(Step::Consume);
}

void Exchange::abort(AbortReason reason) {
  if (waitsForBuffer_ && engine_.budget.cancel(*this)) {
    waitsForBuffer_ = false;
    --outstanding_;
  }
  Step step = Step::Consume;
  {
    auto shared = shared_.lock();
    if (!shared->abort) {
      shared->abort = reason;
    }
    const bool open = shared->sourceOpen || (shared->hasSink && !shared->sinkDone);
    if (shared->active || !open) {
      return;
    }
    step = shared->sourceOpen ? Step::Read : Step::Consume;
    shared->active = true;
  }
  submit(step);
}

void Exchange::stream(std::unique_ptr<base::BodySource> source, std::uint64_t bytes) {
  streamBytes_ = sourceLeft_ = bytes;
  source_ = std::move(source);
  shared_.lock()->sourceOpen = true;
}

BodySlot* Exchange::beginSend() {
  if (!ensureBuffers(streamBytes_ > engine_.budget.bufferBytes() ? 2 : 1)) {
    return nullptr;
  }
  {
    auto shared = shared_.lock();
    if (BodySlot* slot = shared->pipe.beginDrain()) {
      return slot;
    }
    shared->wakeWanted = true;
    if (shared->active || !shared->sourceOpen) {
      return nullptr;
    }
    shared->active = true;
  }
  submit(Step::Read);
  return nullptr;
}

void Exchange::endSend(BodySlot& slot) {
  {
    auto shared = shared_.lock();
    shared->pipe.endDrain(slot);
    if (shared->active || !shared->sourceOpen) {
      return;
    }
    shared->active = true;
  }
  submit(Step::Read);
}

bool Exchange::ensureBuffers(int wanted) {
  if (waitsForBuffer_) {
    return false;
  }
  int have = shared_.lock()->pipe.buffers();
  if (have == 0) {
    auto buffer = engine_.budget.acquire(*this);
    if (!buffer) {
      waitsForBuffer_ = true;
      ++outstanding_;
      return false;
    }
    shared_.lock()->pipe.addBuffer(std::move(*buffer));
    ++have;
  }
  if (have < wanted) {
    if (auto extra = engine_.budget.tryAcquireExtra()) {
      shared_.lock()->pipe.addBuffer(std::move(*extra));
    }
  }
  return true;
}

void Exchange::releaseFreeBuffers() {
  std::array<BodyBuffer, 2> free;
  shared_.lock()->pipe.takeFree(free);
  for (BodyBuffer& buffer : free) {
    engine_.budget.release(std::move(buffer));
  }
}

void Exchange::releaseAllBuffers() {
  std::array<BodyBuffer, 2> all;
  {
    auto shared = shared_.lock();
    shared->pipe.takeAll(all);
    shared->pipe = BodyPipe();
  }
  for (BodyBuffer& buffer : all) {
    engine_.budget.release(std::move(buffer));
  }
}

void Exchange::onJobEnd() { --outstanding_; }

void Exchange::onBufferGranted(BodyBuffer buffer) {
  --outstanding_;
  waitsForBuffer_ = false;
  shared_.lock()->pipe.addBuffer(std::move(buffer));
}

void Exchange::onBuffer(BodyBuffer buffer) {
  loop_.post({.kind = Notice::Kind::Buffer, .exchange = this, .buffer = std::move(buffer)});
}

void Exchange::run() noexcept {
  work();
  // No longer active, but not settled: only this notice lets the event thread destroy us.
  loop_.post({.kind = Notice::Kind::JobEnd, .exchange = this});
}

void Exchange::work() noexcept {
  const base::BackendScope counted(backend_);
  switch (step_) {
    case Step::Handle:
      handle();
      break;
    case Step::Consume:
      while (consumeOne()) {
      }
      break;
    case Step::Read:
      while (readOne()) {
      }
      break;
  }
}

void Exchange::handle() {
  if (shared_.lock()->abort) {
    answer();
    return;
  }
  try {
    Disposition disposition = engine_.handler.handle(request);
    if (auto* response = std::get_if<Response>(&disposition)) {
      response_ = std::move(*response);
    } else {
      sink_ = std::move(std::get<std::unique_ptr<BodySink>>(disposition));
      if (!sink_) {
        throw std::logic_error("handler returned neither a response nor a sink");
      }
    }
  } catch (...) {
    response_ = engine_.observer.onException(request, std::current_exception());
  }
  if (response_) {
    answer();
    return;
  }
  shared_.lock()->hasSink = true;
  while (consumeOne()) {
  }
}

bool Exchange::consumeOne() {
  BodySlot* slot = nullptr;
  std::optional<AbortReason> aborted;
  {
    auto shared = shared_.lock();
    aborted = shared->abort;
    if (!aborted) {
      slot = shared->pipe.beginDrain();
      if (slot == nullptr && !shared->bodyEnded) {
        shared->active = false;
        return false;
      }
    }
  }
  if (aborted) {
    sink_->abort(*aborted);
    sink_.reset();
    answer();
    return false;
  }
  try {
    response_ = slot != nullptr ? sink_->write(slot->content()) : sink_->finish();
  } catch (...) {
    response_ = engine_.observer.onException(request, std::current_exception());
  }
  if (response_) {
    sink_.reset();
    answer();
    return false;
  }
  bool wake = false;
  {
    auto shared = shared_.lock();
    shared->pipe.endDrain(*slot);
    wake = std::exchange(shared->wakeWanted, false);
  }
  if (wake) {
    loop_.post({.kind = Notice::Kind::Look, .exchange = this});
  }
  return true;
}

// Ends the request's part of the work: response_ may be taken, unless nobody wants it any more.
void Exchange::answer() {
  std::optional<Response> dropped;  // destroyed here, not on the event thread: a source may take its time
  auto shared = shared_.lock();
  shared->sinkDone = true;
  if (shared->abort) {
    dropped.swap(response_);
  } else {
    shared->answered = true;
  }
  shared->active = false;
}

bool Exchange::readOne() {
  BodySlot* slot = nullptr;
  bool over = false;
  {
    auto shared = shared_.lock();
    over = shared->abort.has_value() || sourceLeft_ == 0;
    if (!over) {
      slot = shared->pipe.beginFill();
      if (slot == nullptr) {
        shared->active = false;
        return false;
      }
    }
  }
  if (over) {
    source_.reset();
    auto shared = shared_.lock();
    shared->sourceOpen = false;
    shared->active = false;
    return false;
  }
  try {
    const std::span<std::byte> space = slot->space();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(space.size(), sourceLeft_));
    const std::size_t count = source_->read(space.first(wanted));
    if (count == 0 || count > wanted) {
      throw std::runtime_error("source ended " + std::to_string(sourceLeft_) + " bytes early");
    }
    slot->end += count;
    sourceLeft_ -= count;
  } catch (const std::exception& error) {
    failSource(*slot, error.what());
    return false;
  } catch (...) {
    failSource(*slot, "source threw something unknown");
    return false;
  }
  bool wake = false;
  {
    auto shared = shared_.lock();
    shared->pipe.endFill(*slot);
    wake = std::exchange(shared->wakeWanted, false);
  }
  if (wake) {
    loop_.post({.kind = Notice::Kind::Look, .exchange = this});
  }
  return true;
}

void Exchange::failSource(BodySlot& slot, std::string why) {
  source_.reset();
  failure_ = std::move(why);
  sourceFailed_.store(true, std::memory_order_release);
  auto shared = shared_.lock();
  shared->pipe.endFill(slot);
  shared->sourceOpen = false;
  shared->active = false;
}

}  // namespace rha::net
