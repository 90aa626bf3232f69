// Connection: receiving, breaking off and draining the body of a request.
#include <algorithm>
#include <cstring>

#include "net/connection.h"

namespace rha::net {
namespace {

constexpr std::uint64_t kDrainBytes = 64 * 1024;  // of an unwanted body, read and dropped to keep the connection
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Progress Connection::receiveBody() {
  for (std::size_t turn = 0; turn < loop_.turnBytes();) {
    if (kept().empty() && !readable_) {
      waitForBody();
      return Progress::Blocked;
    }
    BodySlot* slot = exchange_->beginFill();
    if (slot == nullptr) {
      // The worker is behind, or the budget is used up: not the client's fault.
      loop_.deadlines().clear(*this);
      return Progress::Blocked;
    }
    const Fill result = fill(*slot, turn);
    exchange_->publish(*slot);
    switch (result) {
      case Fill::More:
      case Fill::Drained:
        break;
      case Fill::Complete:
        bodyDone_ = true;
        enter(Phase::Waiting);
        exchange_->endBody();
        return Progress::Blocked;
      case Fill::Gone:
        giveUp(AbortReason::ClientGone, CloseReason::ClientGone);
        return Progress::Blocked;
      case Fill::Malformed:
        return breakOff(AbortReason::Malformed, 400, "malformed chunk in the body of the request");
    }
  }
  loop_.again(*this);
  return Progress::Blocked;
}

// Until the slot is full, the body complete, nothing more is there, or the turn is over. Raw bytes count for the turn,
// so that framing without payload ends it too.
Connection::Fill Connection::fill(BodySlot& slot, std::size_t& turn) {
  while (turn < loop_.turnBytes()) {
    std::span<std::byte> space = slot.space();
    if (space.empty()) {
      return Fill::More;
    }
    if (!chunks_) {
      space = space.first(static_cast<std::size_t>(std::min<std::uint64_t>(space.size(), bodyLeft_)));
    }
    std::size_t count = 0;
    if (!kept().empty()) {
      count = std::min(space.size(), kept().size());
      std::memcpy(space.data(), kept().data(), count);
      useKept(count);
    } else if (!readable_) {
      return Fill::Drained;
    } else {
      const IoResult result = transport_->read(space);
      noteRead(result);
      if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
        return Fill::Drained;
      }
      if (result.status != IoStatus::Done) {
        return Fill::Gone;
      }
      count = result.count;
    }
    bodyProgress_ = true;
    turn += count;
    const Fill taken = take(slot, count);
    if (taken != Fill::More) {
      return taken;
    }
  }
  return Fill::More;
}

// `count` raw bytes stand behind slot.end.
Connection::Fill Connection::take(BodySlot& slot, std::size_t count) {
  if (!chunks_) {
    slot.end += count;
    bodyLeft_ -= count;
    exchange_->result.bytesIn += count;
    return bodyLeft_ == 0 ? Fill::Complete : Fill::More;
  }
  const std::span<std::byte> raw = slot.space().first(count);
  const ChunkedDecoder::Step step = chunks_->decode(raw);
  if (step.state == ChunkedDecoder::State::Malformed) {
    return Fill::Malformed;
  }
  if (step.consumed < count) {
    // The next request. Before what else is kept, for it came first.
    const std::string_view rest(reinterpret_cast<const char*>(raw.data()) + step.consumed, count - step.consumed);
    std::string all(rest);
    all.append(kept());
    input_ = std::move(all);
    inputUsed_ = 0;
  }
  slot.end += step.payload;
  exchange_->result.bytesIn += step.payload;
  return step.state == ChunkedDecoder::State::Done ? Fill::Complete : Fill::More;
}

void Connection::waitForBody() {
  const bool nothingYet = exchange_->result.bytesIn == 0 && !bodyProgress_;
  if (exchange_->request.expectContinue && !continueSent_ && nothingYet && !sendContinue()) {
    giveUp(AbortReason::ClientGone, CloseReason::ClientGone);
    return;
  }
  if (bodyProgress_ || !DeadlineQueue::isSet(*this, DeadlineClass::Body)) {
    loop_.setDeadline(*this, DeadlineClass::Body);
  }
  bodyProgress_ = false;
  exchange_->releaseFreeBuffers();
}

// These few bytes always find room: everything before them has left for the kernel, and the client waits for them.
bool Connection::sendContinue() {
  continueSent_ = true;
  const iovec part = pieceOf(kContinue);
  const IoResult result = transport_->write({&part, 1}, Following::Nothing);
  return result.status == IoStatus::Done && result.count == kContinue.size();
}

// The body cannot be had to its end; the client may still read why.
Connection::Progress Connection::breakOff(AbortReason reason, int status, std::string_view text) {
  exchange_->result.brokenOff = reason == AbortReason::Deadline ? "deadline" : "malformed";
  exchange_->abort(reason);
  closeAfter_ = true;
  return answer(engine_.observer.onUnserved(exchange_->request, status, text));
}

// Reads what is left of a short body which nobody wants, so that the connection can go on.
Connection::Progress Connection::drain() {
  const std::size_t atHand = static_cast<std::size_t>(std::min<std::uint64_t>(bodyLeft_, kept().size()));
  useKept(atHand);
  bodyLeft_ -= atHand;
  while (bodyLeft_ > 0) {
    if (!readable_) {
      if (!DeadlineQueue::isSet(*this, DeadlineClass::Body)) {
        loop_.setDeadline(*this, DeadlineClass::Body);
      }
      return Progress::Blocked;
    }
    const std::span<std::byte> scratch = loop_.scratch();
    const IoResult result =
        transport_->read(scratch.first(static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), bodyLeft_))));
    noteRead(result);
    if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
      continue;
    }
    if (result.status != IoStatus::Done) {
      close(CloseReason::ClientGone);
      return Progress::Blocked;
    }
    bodyLeft_ -= result.count;
  }
  enter(Phase::Head);
  return Progress::Continue;
}

bool Connection::canDrain() const {
  const bool awaited = exchange_->request.expectContinue && !continueSent_;
  return !chunks_ && !awaited && bodyLeft_ <= kDrainBytes;
}

}  // namespace rha::net
