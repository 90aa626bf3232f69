#include "net/connection.h"

#include <algorithm>
#include <cassert>

namespace rha::net {
namespace {

constexpr int kRequestsPerTurn = 32;                     // pipelined; then others have their turn
constexpr std::uint64_t kLingerBytes = 8 * 1024 * 1024;  // read and dropped after the last answer
constexpr std::size_t kKeptCapacity = 4096;              // memory an idle connection may hold on to

bool isGoodRequestId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::string_view describe(AbortReason reason) {
  switch (reason) {
    case AbortReason::ClientGone:
      return "client gone";
    case AbortReason::Deadline:
      return "deadline";
    case AbortReason::Malformed:
      return "malformed";
    case AbortReason::Shutdown:
      return "shutdown";
  }
  return "";
}

}  // namespace

Connection::Connection(Engine& engine, EventLoop& loop, std::unique_ptr<Transport> transport, Address peer,
                       Address local)
    : engine_(engine), loop_(loop), transport_(std::move(transport)), peer_(std::move(peer)), local_(std::move(local)) {
  loop_.counters().add(state_, 1);
}

Connection::~Connection() = default;

void Connection::open(Welcome welcome) {
  welcome_ = welcome;
  awaitsProxyHeader_ = engine_.settings.speaksProxy && engine_.settings.speaksProxy(peer_);
  try {
    loop_.watch(transport_->descriptor(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  } catch (const std::exception& error) {
    engine_.logger.warn("connection_failed", {{"error", error.what()}});
    close(CloseReason::Internal);
    return;
  }
  loop_.setDeadline(*this, DeadlineClass::Handshake);
  step();
}

void Connection::onEvents(std::uint32_t events) {
  if (phase_ == Phase::Closed) {
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && phase_ != Phase::Lingering) {
    const bool quiet = state_ == ConnectionState::Idle;
    giveUp(AbortReason::ClientGone, quiet ? CloseReason::ClientClosed : CloseReason::ClientGone);
    return;
  }
  peerEnded_ = peerEnded_ || (events & EPOLLRDHUP) != 0;
  readable_ = readable_ || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0;
  if ((events & EPOLLOUT) != 0) {
    writable_ = true;
    readable_ = readable_ || readNeedsWrite_;
    readNeedsWrite_ = false;
  }
  step();
}

void Connection::advance() {
  if (phase_ != Phase::Closed) {
    step();
  }
}

void Connection::step() {
  assert(loop_.onThisThread());
  turnRequests_ = 0;
  try {
    while (phase_ != Phase::Closed && nextStep() == Progress::Continue) {
    }
  } catch (const std::exception& error) {
    engine_.logger.error("connection_failed", {{"error", error.what()}, {"peer", peer_.text()}});
    giveUp(AbortReason::Shutdown, CloseReason::Internal);
  }
}

Connection::Progress Connection::nextStep() {
  switch (phase_) {
    case Phase::Handshake:
      return handshake();
    case Phase::Head:
      return readHead();
    case Phase::Body:
      return receiveBody();
    case Phase::Sending:
      return send();
    case Phase::Settling:
      return settle();
    case Phase::Draining:
      return drain();
    case Phase::Lingering:
      return linger();
    case Phase::Waiting:
    case Phase::Closed:
      break;
  }
  return Progress::Blocked;
}

void Connection::onExchange() {
  if (phase_ == Phase::Closed) {
    if (exchange_->settled()) {
      endExchange();
      loop_.bury(*this);
    }
    return;
  }
  if (phase_ == Phase::Waiting || phase_ == Phase::Body) {
    if (auto response = exchange_->takeResponse()) {
      answer(std::move(*response));
    } else if (!bodyDone_ && exchange_->hasSink()) {
      enter(Phase::Body);
    }
  }
  step();
}

void Connection::onDeadline() {
  switch (phase_) {
    case Phase::Handshake:
      close(CloseReason::HandshakeDeadline);
      break;
    case Phase::Head:
      if (kept().empty()) {
        close(CloseReason::IdleDeadline);
      } else {
        refuse(408, "head of the request did not arrive in time");
        closeReason_ = CloseReason::HeadDeadline;
      }
      break;
    case Phase::Body:
      breakOff(AbortReason::Deadline, 408, "body of the request did not arrive in time");
      closeReason_ = CloseReason::BodyDeadline;
      break;
    case Phase::Sending:
      giveUp(AbortReason::Deadline, CloseReason::BodyDeadline);
      break;
    case Phase::Draining:
      close(CloseReason::BodyDeadline);
      break;
    case Phase::Lingering:
      close(closeReason_);
      break;
    case Phase::Waiting:
    case Phase::Settling:
    case Phase::Closed:
      break;
  }
  advance();
}

void Connection::onStop() {
  const bool quiet = state_ == ConnectionState::Idle || phase_ == Phase::Handshake;
  if (quiet && phase_ != Phase::Closed) {
    close(CloseReason::Stop);
  }
}

bool Connection::cut() {
  const bool busy = exchange_ != nullptr && exchange_->observed && phase_ != Phase::Closed;
  giveUp(AbortReason::Shutdown, CloseReason::Stop);
  return busy;
}

void Connection::shed() { close(CloseReason::Shed); }

Connection::Progress Connection::handshake() {
  if (awaitsProxyHeader_) {
    const Progress progress = readProxyHeader();
    if (awaitsProxyHeader_) {
      return progress;
    }
  }
  if (transport_->secure() && !loop_.beginHandshake(*this)) {
    return Progress::Blocked;
  }
  const IoResult result = transport_->handshake();
  if (transport_->secure()) {
    loop_.endHandshake();
  }
  switch (result.status) {
    case IoStatus::Done:
      break;
    case IoStatus::WantRead:
    case IoStatus::WantWrite:
      return Progress::Blocked;
    case IoStatus::NotTls:
      return refuse(400, "this port speaks TLS: use https");
    case IoStatus::End:
    case IoStatus::Failed:
      close(CloseReason::HandshakeFailed);
      return Progress::Blocked;
  }
  // The first request may have come with the end of the handshake: no event will tell of it.
  readable_ = readable_ || transport_->secure();
  enter(Phase::Head);
  if (welcome_ != Welcome::Served) {
    return refuse(503,
                  welcome_ == Welcome::Crowded ? "too many connections from your address" : "too many connections");
  }
  return Progress::Continue;
}

Connection::Progress Connection::readHead() {
  if (turnRequests_ == kRequestsPerTurn) {
    loop_.again(*this);
    return Progress::Blocked;
  }
  if (kept().size() > searched_) {
    const Progress progress = acceptHead(kept(), true);
    if (phase_ != Phase::Head || progress == Progress::Continue) {
      return progress;
    }
  }
  if (readable_) {
    return receiveHead();
  }
  return Progress::Blocked;
}

Connection::Progress Connection::receiveHead() {
  const std::span<std::byte> scratch = loop_.scratch();
  const IoResult result = transport_->read(scratch);
  noteRead(result);
  if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
    return Progress::Blocked;
  }
  if (result.status != IoStatus::Done) {
    close(kept().empty() ? CloseReason::ClientClosed : CloseReason::ClientGone);
    return Progress::Blocked;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(scratch.data()), result.count);
  if (kept().empty()) {
    return acceptHead(bytes, false);
  }
  keep(bytes);
  return Progress::Continue;
}

// `bytes` are kept() or fresh from the socket.
Connection::Progress Connection::acceptHead(std::string_view bytes, bool isKept) {
  const HeadLimits& limits = engine_.settings.head;
  const std::size_t end = findHeadEnd(bytes, searched_);
  if (end == 0 && searched_ == 0 && !mayBeginHead(bytes)) {
    // Clients that try TLS first wait for an answer before they try plain HTTP.
    return refuse(400, "this is not HTTP; if it is TLS, this port speaks plain HTTP");
  }
  if (end == 0) {
    if (!isKept) {
      keep(bytes);
    }
    searched_ = kept().size();
    if (kept().size() < limits.headBytes) {
      if (state_ != ConnectionState::Head) {
        enter(Phase::Head);
      }
      return readable_ ? Progress::Continue : Progress::Blocked;
    }
    const bool longTarget = kept().substr(0, limits.targetBytes).find('\n') == std::string_view::npos;
    return longTarget ? refuse(414, "request target is too long") : refuse(431, "head of the request is too long");
  }
  auto head = parseHead(bytes.substr(0, end), limits);
  searched_ = 0;
  if (isKept) {
    useKept(end);
  } else if (end < bytes.size()) {
    keep(bytes.substr(end));
  }
  ++turnRequests_;
  if (!head) {
    return refuse(head.error().status, head.error().reason);
  }
  return begin(std::move(*head));
}

Connection::Progress Connection::refuse(int status, std::string_view reason) {
  exchange_ = std::make_unique<Exchange>(engine_, loop_, *this);
  identify(exchange_->request);
  exchange_->request.keepAlive = false;
  bodyDone_ = true;
  closeReason_ = CloseReason::Refused;
  Response response = engine_.observer.onRefused(peer_, status, reason);
  response.close = true;
  if (status == 503 && !response.headers.has("Retry-After")) {
    response.headers.add("Retry-After", "1");
  }
  return answer(std::move(response));
}

void Connection::identify(Request& request) {
  const auto given = request.headers.find("X-Request-Id");
  request.id = given && isGoodRequestId(*given) ? std::string(*given) : loop_.makeId();
  request.peer = peer_;
  request.local = local_;
  request.secure = transport_->secure();
  request.startedAt = engine_.clock.steady();
}

Connection::Progress Connection::begin(RequestHead head) {
  exchange_ = std::make_unique<Exchange>(engine_, loop_, *this);
  Request& request = exchange_->request;
  static_cast<RequestHead&>(request) = std::move(head);
  identify(request);
  bodyDone_ = !request.hasBody();
  bodyLeft_ = request.contentLength.value_or(0);
  chunks_.reset();
  if (request.chunked) {
    chunks_.emplace();
  }
  continueSent_ = false;
  bodyProgress_ = false;
  enter(Phase::Waiting);
  exchange_->observed = true;
  engine_.observer.onStart(request);
  if (bodyDone_ && tryAnswer()) {
    return Progress::Continue;
  }
  if (!exchange_->begin()) {
    engine_.counters->requestsShed->add();
    Response busy = engine_.observer.onUnserved(request, 503, "the server is busy; try again later");
    busy.headers.set("Retry-After", "1");
    return answer(std::move(busy));
  }
  return Progress::Blocked;
}

bool Connection::tryAnswer() {
  std::optional<Response> response;
  try {
    response = engine_.handler.tryAnswer(exchange_->request);
  } catch (...) {
    response = engine_.observer.onException(exchange_->request, std::current_exception());
  }
  if (!response) {
    return false;
  }
  answer(std::move(*response));
  return true;
}

Connection::Progress Connection::linger() {
  const std::span<std::byte> scratch = loop_.scratch();
  while (readable_ && lingered_ < kLingerBytes) {
    const IoResult result = transport_->read(scratch);
    noteRead(result);
    if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
      return Progress::Blocked;
    }
    if (result.status != IoStatus::Done) {
      close(closeReason_);
      return Progress::Blocked;
    }
    lingered_ += result.count;
  }
  if (lingered_ >= kLingerBytes) {
    close(closeReason_);
  }
  return Progress::Blocked;
}

// The phase decides what the metrics call it and, between requests, which deadline runs.
void Connection::enter(Phase phase) {
  phase_ = phase;
  ConnectionState state = ConnectionState::Busy;
  if (phase == Phase::Head) {
    state = kept().empty() ? ConnectionState::Idle : ConnectionState::Head;
    loop_.setDeadline(*this, kept().empty() ? DeadlineClass::Idle : DeadlineClass::Head);
  } else if (phase == Phase::Lingering) {
    state = ConnectionState::Lingering;
    loop_.setDeadline(*this, DeadlineClass::Linger);
  } else {
    loop_.deadlines().clear(*this);
  }
  if (state != state_) {
    loop_.counters().add(state_, -1);
    loop_.counters().add(state, 1);
    state_ = state;
  }
}

void Connection::close(CloseReason reason) {
  assert(phase_ != Phase::Closed);
  if (state_ == ConnectionState::Idle) {
    transport_->sayGoodbye();
  }
  loop_.counters().add(state_, -1);
  loop_.unload();
  loop_.deadlines().clear(*this);
  engine_.counters->closed[static_cast<std::size_t>(reason)]->add();
  phase_ = Phase::Closed;
  // The child of a fork has the socket too until it is another program: to close it here does not end its events, and
  // they would be for a connection that is no more.
  loop_.unwatch(transport_->descriptor());
  transport_.reset();
  addressSlot.reset();
  if (!exchange_) {
    loop_.bury(*this);
  } else if (exchange_->settled()) {
    endExchange();
    loop_.bury(*this);
  }
}

// Ends the connection with its exchange unfinished, if there is one.
void Connection::giveUp(AbortReason reason, CloseReason closeReason) {
  if (phase_ == Phase::Closed) {
    return;
  }
  if (exchange_ && phase_ != Phase::Settling) {
    if (exchange_->result.brokenOff.empty()) {
      exchange_->result.brokenOff = describe(reason);
    }
    exchange_->abort(reason);
  }
  close(closeReason);
}

// Tells the observer, once, and forgets the exchange. Precondition: settled, or the answer has left.
void Connection::endExchange() {
  if (exchange_->observed) {
    exchange_->observed = false;
    exchange_->result.endedAt = engine_.clock.steady();
    exchange_->result.backendRequests = exchange_->backendRequests();
    engine_.observer.onEnd(exchange_->request, exchange_->result);
  }
  response_ = Response();
  sending_ = nullptr;
  if (exchange_->settled()) {
    exchange_.reset();
  }
}

// The end of the stream may have come with the event of the last bytes: no other will tell of it.
void Connection::noteRead(const IoResult& result) {
  const bool waits = result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite;
  readNeedsWrite_ = result.status == IoStatus::WantWrite;
  readable_ = !waits && (!result.drained || peerEnded_);
}

void Connection::keep(std::string_view bytes) {
  if (inputUsed_ > 0) {
    input_.erase(0, inputUsed_);
    inputUsed_ = 0;
  }
  input_.append(bytes);
}

void Connection::useKept(std::size_t count) {
  inputUsed_ += count;
  if (inputUsed_ == input_.size()) {
    inputUsed_ = 0;
    input_.clear();
    if (input_.capacity() > kKeptCapacity) {
      input_ = std::string();
    }
  }
}

}  // namespace rha::net
