// Connection: sending an answer.
#include <algorithm>
#include <utility>

#include "net/connection.h"
#include "net/response_head.h"

namespace rha::net {
namespace {

constexpr std::string_view kSourceFailed = "source failed";

}  // namespace

// The head is composed in memory of the loop: send() has to follow before any other connection's turn.
Connection::Progress Connection::answer(Response response) {
  const Request& request = exchange_->request;
  response_ = std::move(response);
  const auto connection = response_.headers.find("Connection");
  closeAfter_ = closeAfter_ || engine_.stopping.load(std::memory_order_relaxed) || response_.close ||
                !request.keepAlive || connection == "close" || (!bodyDone_ && !canDrain());
  composeAnswer();
  sendProgress_ = false;
  enter(Phase::Sending);
  return Progress::Continue;
}

void Connection::composeAnswer() {
  const Request& request = exchange_->request;
  std::uint64_t size = 0;
  const bool bodyLess = request.method == "HEAD" || !statusHasBody(response_.status);
  if (const auto* text = std::get_if<std::string>(&response_.body)) {
    size = text->size();
    textLeft_ = bodyLess ? std::string_view() : std::string_view(*text);
  } else if (auto& source = std::get<std::unique_ptr<base::BodySource>>(response_.body)) {
    size = source->size();
    if (!bodyLess && size > 0) {
      openBody(std::move(source));
    }
  }
  std::string& head = loop_.headScratch();
  head.clear();
  composeHead(head, response_,
              {.dateLine = loop_.dateLine(),
               .requestId = request.id,
               .bodyBytes = size,
               .bodyLess = bodyLess,
               .close = closeAfter_,
               .keepAliveToOld = request.minorVersion == 0});
  headLeft_ = head;
}

void Connection::openBody(std::unique_ptr<base::BodySource> source) {
  if (const auto memory = source->memory()) {
    textLeft_ = *memory;
    response_.body = std::move(source);
  } else if (const auto file = source->file()) {
    fileLeft_ = file;
    response_.body = std::move(source);
  } else {
    streamLeft_ = source->size();
    exchange_->stream(std::move(source), streamLeft_);
  }
}

Connection::Progress Connection::send() {
  if (!headLeft_.empty() || !textLeft_.empty()) {
    const Progress progress = sendMemory();
    if (!headLeft_.empty() && headLeft_.data() != headKept_.data() && phase_ == Phase::Sending) {
      headKept_ = std::string(headLeft_);
      headLeft_ = headKept_;
    }
    if (progress == Progress::Blocked) {
      return progress;
    }
  }
  if (fileLeft_ && sendFile() == Progress::Blocked) {
    return Progress::Blocked;
  }
  if (streamLeft_ > 0 && sendStream() == Progress::Blocked) {
    return Progress::Blocked;
  }
  return finish();
}

Connection::Progress Connection::sendMemory() {
  while (!headLeft_.empty() || !textLeft_.empty()) {
    const iovec parts[2] = {pieceOf(headLeft_), pieceOf(textLeft_)};
    const std::span<const iovec> all(parts);
    const Following following = fileLeft_ ? Following::More : Following::Nothing;
    const IoResult result =
        writable_
            ? transport_->write(headLeft_.empty() ? all.subspan(1) : all.first(textLeft_.empty() ? 1 : 2), following)
            : IoResult{.status = IoStatus::WantWrite};
    if (sent(result) == Progress::Blocked) {
      return Progress::Blocked;
    }
    exchange_->result.status = response_.status;
    const std::size_t ofHead = std::min(result.count, headLeft_.size());
    headLeft_.remove_prefix(ofHead);
    textLeft_.remove_prefix(result.count - ofHead);
    exchange_->result.bytesOut += result.count - ofHead;
  }
  return Progress::Continue;
}

Connection::Progress Connection::sendFile() {
  std::uint64_t turn = loop_.turnBytes();
  while (fileLeft_->length > 0) {
    if (turn == 0) {
      loop_.again(*this);
      return Progress::Blocked;
    }
    const auto length = static_cast<std::size_t>(std::min(fileLeft_->length, turn));
    const IoResult result = writable_ ? transport_->sendFile(fileLeft_->descriptor, fileLeft_->offset, length)
                                      : IoResult{.status = IoStatus::WantWrite};
    if (sent(result) == Progress::Blocked) {
      return Progress::Blocked;
    }
    if (result.count == 0) {
      return goOnWithoutFile() ? Progress::Continue
                               : sourceFailed("file ended " + std::to_string(fileLeft_->length) + " bytes early");
    }
    fileLeft_->offset += result.count;
    fileLeft_->length -= result.count;
    exchange_->result.bytesOut += result.count;
    turn -= result.count;
  }
  fileLeft_.reset();
  return Progress::Continue;
}

// The file failed; its source may have the rest from elsewhere, on a worker's time.
bool Connection::goOnWithoutFile() {
  auto& source = std::get<std::unique_ptr<base::BodySource>>(response_.body);
  if (!source->goOnWithoutFile(source->size() - fileLeft_->length)) {
    return false;
  }
  streamLeft_ = fileLeft_->length;
  fileLeft_.reset();
  exchange_->stream(std::move(source), streamLeft_);
  return true;
}

Connection::Progress Connection::sendStream() {
  std::uint64_t turn = loop_.turnBytes();
  while (streamLeft_ > 0) {
    if (sending_ == nullptr) {
      sending_ = exchange_->beginSend();
    }
    if (sending_ == nullptr) {
      // Waits for the source or the budget: not the client's fault.
      loop_.deadlines().clear(*this);
      return exchange_->sourceFailed() ? sourceFailed(exchange_->failure()) : Progress::Blocked;
    }
    if (turn == 0) {
      loop_.again(*this);
      return Progress::Blocked;
    }
    const std::span<std::byte> content = sending_->content();
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(content.size(), turn));
    const iovec part{.iov_base = content.data(), .iov_len = length};
    const IoResult result =
        writable_ ? transport_->write({&part, 1}, Following::Nothing) : IoResult{.status = IoStatus::WantWrite};
    if (sent(result) == Progress::Blocked) {
      return Progress::Blocked;
    }
    exchange_->result.bytesOut += result.count;
    streamLeft_ -= result.count;
    turn -= result.count;
    sending_->begin += result.count;
    if (sending_->begin == sending_->end) {
      exchange_->endSend(*std::exchange(sending_, nullptr));
    }
  }
  return Progress::Continue;
}

// Blocked: nothing was sent; the connection waits, or is closed.
Connection::Progress Connection::sent(const IoResult& result) {
  switch (result.status) {
    case IoStatus::Done:
      sendProgress_ = true;
      return Progress::Continue;
    case IoStatus::WantWrite:
      writable_ = false;
      [[fallthrough]];
    case IoStatus::WantRead:
      if (sendProgress_ || !DeadlineQueue::isSet(*this, DeadlineClass::Body)) {
        loop_.setDeadline(*this, DeadlineClass::Body);
      }
      sendProgress_ = false;
      return Progress::Blocked;
    case IoStatus::End:
    case IoStatus::NotTls:
    case IoStatus::Failed:
      giveUp(AbortReason::ClientGone, CloseReason::ClientGone);
      return Progress::Blocked;
  }
  return Progress::Blocked;
}

// Headers promised more than there is: only a cut connection tells the client so.
Connection::Progress Connection::sourceFailed(std::string_view why) {
  engine_.logger.error("body_source_failed", {{"id", exchange_->request.id},
                                              {"path", exchange_->request.path},
                                              {"error", why},
                                              {"effect", "connection cut in the middle of the answer"}});
  exchange_->result.brokenOff = kSourceFailed;
  giveUp(AbortReason::ClientGone, CloseReason::SourceFailed);
  return Progress::Blocked;
}

Connection::Progress Connection::finish() {
  enter(Phase::Settling);
  if (exchange_->settled()) {
    endExchange();
  }
  return Progress::Continue;
}

// Waits until no worker holds the exchange any more, then turns to what follows the answer.
Connection::Progress Connection::settle() {
  if (exchange_) {
    if (!exchange_->settled()) {
      return Progress::Blocked;
    }
    endExchange();
  }
  if (closeAfter_) {
    transport_->shutdownWrite();
    enter(Phase::Lingering);
    return Progress::Continue;
  }
  if (!bodyDone_) {
    enter(Phase::Draining);
    return Progress::Continue;
  }
  enter(Phase::Head);
  return Progress::Continue;
}

}  // namespace rha::net
