#include "net/event_loop.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/error.h"
#include "base/secret.h"
#include "net/acceptor.h"
#include "net/connection.h"

namespace rha::net {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
constexpr std::uint64_t kRoundBytes = 4 * 1024 * 1024;  // of all connections that are ready: a few milliseconds
constexpr std::uint64_t kMinTurnBytes = 32 * 1024;
constexpr std::uint64_t kMaxTurnBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kHandshakeTime{2};  // of a turn, for all TLS handshakes together
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kRetry{50};

DeadlineQueue::Lengths lengths(const ServerSettings& settings) {
  return {settings.headDeadline, settings.idleDeadline, settings.headDeadline, settings.bodyDeadline, kLinger, kRetry};
}

}  // namespace

// Other threads wake the loop by writing to an eventfd.
class EventLoop::Waker final : public Watched {
 public:
  explicit Waker(int descriptor) : descriptor_(descriptor) {}
  void onEvents(std::uint32_t) override {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(descriptor_, &count, sizeof count);
  }

 private:
  int descriptor_;
};

EventLoop::EventLoop(Engine& engine, std::uint64_t index)
    : engine_(engine),
      index_(index),
      counters_(*engine.counters->loops[index]),
      deadlines_(lengths(engine.settings)),
      scratch_(kScratchBytes) {}

EventLoop::~EventLoop() = default;

void EventLoop::open() {
  epoll_ = base::Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !wake_.valid()) {
    base::throwErrno("cannot create epoll or eventfd", "");
  }
  const std::string seed = base::randomBytes(sizeof idState_);
  std::memcpy(&idState_, seed.data(), sizeof idState_);
  waker_ = std::make_unique<Waker>(wake_.get());
  watch(wake_.get(), *waker_, EPOLLIN | EPOLLET);
}

void EventLoop::start(Acceptor* acceptor) {
  acceptor_ = acceptor;
  thread_ = std::thread([this] { run(); });
}

void EventLoop::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void EventLoop::post(Notice notice) {
  bool wasEmpty = false;
  {
    auto mailbox = mailbox_.lock();
    wasEmpty = mailbox->empty();
    mailbox->push_back(std::move(notice));
  }
  if (wasEmpty) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
  }
}

// splitmix64: its state runs through all 2^64 values before one returns.
std::string EventLoop::makeId() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id(16, '0');
  std::uint64_t value = idState_ += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  value ^= value >> 31;
  for (char& digit : id) {
    digit = kDigits[value & 15];
    value >>= 4;
  }
  return id;
}

void EventLoop::watch(int descriptor, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    base::throwErrno("cannot watch a socket with epoll", "");
  }
}

void EventLoop::rewatch(int descriptor, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) != 0) {
    base::throwErrno("cannot watch a socket with epoll", "");
  }
}

void EventLoop::unwatch(int descriptor) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr); }

void EventLoop::run() {
  char name[16];
  std::snprintf(name, sizeof name, "event-%u", static_cast<unsigned>(index_ % 1000));
  pthread_setname_np(pthread_self(), name);
  threadId_ = std::this_thread::get_id();
  updateClock();
  if (acceptor_ != nullptr) {
    acceptor_->begin();
  }
  std::array<epoll_event, 256> events;
  while (!stopping_ || !connections_.empty()) {
    turn(events);
  }
}

void EventLoop::turn(std::array<epoll_event, 256>& events) {
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout());
  updateClock();
  handshakeTime_ = {};
  const std::uint64_t ready = static_cast<std::uint64_t>(std::max(count, 0)) + again_.size();
  turnBytes_ = std::clamp(kRoundBytes / std::max<std::uint64_t>(ready, 1), kMinTurnBytes, kMaxTurnBytes);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->onEvents(event.events);
  }
  takeMail();
  runHandshakes();
  runAgain();
  deadlines_.expire(now_);
  if (stopping_ && !cut_ && now_ >= stopAt_) {
    cutAll();
  }
  buryAll();
}

int EventLoop::timeout() {
  if (!again_.empty() || !handshakes_.empty()) {
    return 0;
  }
  std::optional<base::SteadyTime> next = deadlines_.next();
  if (stopping_ && !cut_ && (!next || stopAt_ < *next)) {
    next = stopAt_;
  }
  if (!next) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - engine_.clock.steady()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void EventLoop::updateClock() {
  now_ = engine_.clock.steady();
  const std::time_t second = std::chrono::floor<std::chrono::seconds>(engine_.clock.now()).time_since_epoch().count();
  if (second == dateSecond_) {
    return;
  }
  dateSecond_ = second;
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  gmtime_r(&second, &parts);
  char text[80];
  // Not strftime(): names of days and months must not follow the locale.
  std::snprintf(text, sizeof text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", kDays[parts.tm_wday], parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  dateLine_ = text;
}

void EventLoop::takeMail() {
  {
    auto mailbox = mailbox_.lock();
    mail_.swap(*mailbox);
  }
  for (Notice& notice : mail_) {
    handle(notice);
  }
  mail_.clear();
}

void EventLoop::handle(Notice& notice) {
  switch (notice.kind) {
    case Notice::Kind::JobEnd:
      notice.exchange->onJobEnd();
      notice.exchange->owner().onExchange();
      break;
    case Notice::Kind::Look:
      notice.exchange->owner().onExchange();
      break;
    case Notice::Kind::Buffer:
      notice.exchange->onBufferGranted(std::move(notice.buffer));
      notice.exchange->owner().onExchange();
      break;
    case Notice::Kind::Adopt:
      adopt(notice);
      break;
    case Notice::Kind::ShedIdle:
      shedsAsked.fetch_sub(1, std::memory_order_relaxed);
      shedOldestIdle();
      break;
    case Notice::Kind::Drain:
      if (acceptor_ != nullptr) {
        acceptor_->end();
      }
      break;
    case Notice::Kind::Stop:
      beginStop(notice.until);
      break;
  }
}

void EventLoop::adopt(Notice& notice) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  ::getsockname(notice.socket.get(), reinterpret_cast<sockaddr*>(&raw), &length);
  auto transport = notice.factory->make(std::move(notice.socket));
  auto connection =
      std::make_unique<Connection>(engine_, *this, std::move(transport), std::move(notice.peer), Address::from(raw));
  Connection& adopted = *connection;
  adopted.addressSlot = std::move(notice.slot);
  connections_.push_back(std::move(connection));
  adopted.place = std::prev(connections_.end());
  adopted.open(notice.welcome);
  if (stopping_) {
    adopted.onStop();
  }
}

void EventLoop::again(Connection& connection) { again_.push_back(&connection); }

void EventLoop::runAgain() {
  std::vector<Connection*> turn;
  turn.swap(again_);
  for (Connection* connection : turn) {
    connection->advance();
  }
  if (again_.empty()) {
    turn.clear();
    again_.swap(turn);  // keeps the memory
  }
}

// First come, first served; who has to wait goes on in a later turn, when everybody else has had theirs.
bool EventLoop::beginHandshake(Connection& connection) {
  if (connection.awaitsTurn) {
    return false;
  }
  if (handshakeTime_ >= kHandshakeTime || (!handshakes_.empty() && !runsHandshakes_)) {
    connection.awaitsTurn = true;
    handshakes_.push_back(&connection);
    return false;
  }
  handshakeBegan_ = engine_.clock.steady();
  return true;
}

void EventLoop::endHandshake() { handshakeTime_ += engine_.clock.steady() - handshakeBegan_; }

void EventLoop::runHandshakes() {
  runsHandshakes_ = true;
  while (!handshakes_.empty() && handshakeTime_ < kHandshakeTime) {
    Connection* const connection = handshakes_.front();
    handshakes_.pop_front();
    connection->awaitsTurn = false;
    connection->advance();
  }
  runsHandshakes_ = false;
}

void EventLoop::bury(Connection& connection) { dead_.push_back(&connection); }

void EventLoop::buryAll() {
  for (Connection* connection : dead_) {
    std::erase(again_, connection);
    if (connection->awaitsTurn) {
      std::erase(handshakes_, connection);
    }
    connections_.erase(connection->place);
  }
  dead_.clear();
}

bool EventLoop::shedOldestIdle() {
  // Only connections have deadlines of these classes. One that is long in its handshake is worth no more than an idle
  // one: an honest client is through in moments.
  DeadlineEntry* entry = deadlines_.oldest(DeadlineClass::Idle);
  entry = entry != nullptr ? entry : deadlines_.oldest(DeadlineClass::Handshake);
  if (entry == nullptr) {
    return false;
  }
  auto* oldest = static_cast<Connection*>(entry);
  engine_.counters->shedIdle->add();
  oldest->shed();
  return true;
}

void EventLoop::beginStop(base::SteadyTime until) {
  stopping_ = true;
  stopAt_ = until;
  if (acceptor_ != nullptr) {
    acceptor_->end();
  }
  for (const auto& connection : connections_) {
    connection->onStop();
  }
}

void EventLoop::cutAll() {
  cut_ = true;
  for (const auto& connection : connections_) {
    if (connection->cut()) {
      ++cutOff_;
    }
  }
}

}  // namespace rha::net
