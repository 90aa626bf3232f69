#include "net/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/error.h"

namespace rha::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::uint64_t kRefusals = 128;  // connections beyond the maximum that are being told so
constexpr std::chrono::seconds kWarnEvery{10};

bool lacksResources(int errnoValue) {
  return errnoValue == EMFILE || errnoValue == ENFILE || errnoValue == ENOBUFS || errnoValue == ENOMEM;
}

}  // namespace

class Acceptor::Listener final : public Watched {
 public:
  Listener(Acceptor& owner, base::Fd socket, TransportFactory& factory)
      : owner_(owner), socket_(std::move(socket)), factory_(factory) {}
  void onEvents(std::uint32_t) override { owner_.acceptFrom(socket_.get(), factory_); }
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  Acceptor& owner_;
  base::Fd socket_;
  TransportFactory& factory_;
};

Acceptor::Acceptor(Engine& engine, std::vector<EventLoop*> loops, std::uint64_t maxConnections)
    : engine_(engine), loops_(std::move(loops)), maxConnections_(maxConnections) {}

Acceptor::~Acceptor() = default;

void Acceptor::add(base::Fd listening, TransportFactory& factory) {
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(listening), factory));
}

void Acceptor::open() { spare_ = base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::vector<base::Fd> Acceptor::copies() const {
  std::vector<base::Fd> all;
  for (const auto& listener : listeners_) {
    all.emplace_back(::fcntl(listener->descriptor(), F_DUPFD_CLOEXEC, 0));
    if (!all.back().valid()) {
      throw base::IoError(errno, "cannot duplicate a listening socket");
    }
  }
  return all;
}

void Acceptor::begin() {
  for (const auto& listener : listeners_) {
    loops_[0]->watch(listener->descriptor(), *listener, EPOLLIN);
  }
}

// systemd, or the process that takes over, has these sockets too.
void Acceptor::end() {
  for (const auto& listener : listeners_) {
    loops_[0]->unwatch(listener->descriptor());
  }
  listeners_.clear();
  loops_[0]->deadlines().clear(*this);
}

void Acceptor::acceptFrom(int listening, TransportFactory& factory) {
  for (int i = 0; i < kAcceptsPerTurn && !paused_; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int socket = ::accept4(listening, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      admit(base::Fd(socket), peer, factory);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      onFailure(listening, errno);
      return;
    }
  }
}

void Acceptor::admit(base::Fd socket, const sockaddr_storage& peer, TransportFactory& factory) {
  engine_.counters->accepted->add();
  std::uint64_t total = 0;
  EventLoop* emptiest = loops_[0];
  for (EventLoop* loop : loops_) {
    const std::uint64_t load = loop->load();
    total += load;
    emptiest = load < emptiest->load() ? loop : emptiest;
  }
  const Address from = Address::from(peer);
  AddressLimiter::Slot slot;
  Welcome welcome = Welcome::Served;
  // A proxy's connections count for the clients they are from, once it has said who these are.
  if (!engine_.settings.speaksProxy || !engine_.settings.speaksProxy(from)) {
    auto [verdict, taken] = engine_.limiter.take(from);
    if (verdict != AddressLimiter::Verdict::Within) {
      engine_.counters->shedAddress->add();
      welcome = Welcome::Crowded;
    }
    if (verdict == AddressLimiter::Verdict::FarOver) {
      return;
    }
    slot = std::move(taken);
  }
  if (total >= maxConnections_ && !shedIdle()) {
    if (total >= maxConnections_ + kRefusals) {
      engine_.counters->shedDropped->add();
      return;
    }
    engine_.counters->shedRefused->add();
    welcome = Welcome::Refused;
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  emptiest->addLoad();
  emptiest->post({.kind = Notice::Kind::Adopt,
                  .socket = std::move(socket),
                  .factory = &factory,
                  .peer = from,
                  .slot = std::move(slot),
                  .welcome = welcome});
}

// On the loop with the most idle connections: nearly the oldest of all, without asking every loop.
bool Acceptor::shedIdle() {
  EventLoop* richest = nullptr;
  std::uint64_t most = 0;
  for (EventLoop* loop : loops_) {
    const std::uint64_t idle =
        loop->counters().get(ConnectionState::Idle) + loop->counters().get(ConnectionState::Handshake);
    const std::uint64_t asked = loop->shedsAsked.load(std::memory_order_relaxed);
    if (idle > asked && idle - asked > most) {
      most = idle - asked;
      richest = loop;
    }
  }
  if (richest == nullptr) {
    return false;
  }
  if (richest == loops_[0]) {
    return richest->shedOldestIdle();
  }
  richest->shedsAsked.fetch_add(1, std::memory_order_relaxed);
  richest->post({.kind = Notice::Kind::ShedIdle});
  return true;
}

void Acceptor::onFailure(int listening, int errnoValue) {
  engine_.counters->acceptFailed->add();
  warn(errnoValue);
  if (lacksResources(errnoValue) && !shedIdle()) {
    // Let one client go, so that it is not left hanging in the queue of the kernel.
    spare_.reset();
    base::Fd dropped(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
    if (dropped.valid()) {
      engine_.counters->shedDropped->add();
    }
    dropped.reset();
  }
  if (!spare_.valid()) {
    spare_ = base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  paused_ = true;
  for (const auto& listener : listeners_) {
    loops_[0]->rewatch(listener->descriptor(), *listener, 0);
  }
  loops_[0]->setDeadline(*this, DeadlineClass::Retry);
}

void Acceptor::onDeadline() {
  paused_ = false;
  for (const auto& listener : listeners_) {
    loops_[0]->rewatch(listener->descriptor(), *listener, EPOLLIN);
  }
}

void Acceptor::warn(int errnoValue) {
  if (loops_[0]->now() < warnAfter_) {
    return;
  }
  warnAfter_ = loops_[0]->now() + kWarnEvery;
  engine_.logger.warn("accept_failed", {{"error", std::generic_category().message(errnoValue)},
                                        {"do", "raise LimitNOFILE of the service, or lower the connection limit"}});
}

}  // namespace rha::net
