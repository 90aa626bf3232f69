#include "net/server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "net/acceptor.h"
#include "net/engine.h"
#include "net/event_loop.h"
#include "net/plain_transport.h"

namespace rha::net {
namespace {

constexpr int kBacklog = 4096;

enum class Family : std::uint8_t { Both, OnlyItsOwn };

base::Fd openListening(const Address& address, Family family) {
  sockaddr_storage raw{};
  const socklen_t length = address.toSockaddr(raw);
  base::Fd socket(::socket(raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string what = "cannot listen on " + address.text();
  if (!socket.valid()) {
    throw base::IoError(errno, what);
  }
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (raw.ss_family == AF_INET6) {
    // "::" is all addresses, IPv4's too, whatever the host's bindv6only says.
    const int only = family == Family::OnlyItsOwn ? 1 : 0;
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    throw base::IoError(errno, what);
  }
  return socket;
}

// On a host without IPv6, all addresses are the IPv4 ones.
base::Fd openListeningAnywhere(const Address& address, Family family) {
  try {
    return openListening(address, family);
  } catch (const base::IoError& error) {
    if (address.host() != "::" || error.errnoValue() != EAFNOSUPPORT) {
      throw;
    }
    return openListening(*Address::parse("0.0.0.0:" + std::to_string(address.port())), Family::Both);
  }
}

Address boundAddress(int socket) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&raw), &length);
  return Address::from(raw);
}

}  // namespace

class Server::Impl final {
 public:
  Impl(const ServerSettings& settings, Handler& handler, ExchangeObserver& observer, const base::Clock& clock,
       const base::Logger& logger, base::MetricsRegistry& metrics)
      : engine_(withMinimums(settings), handler, observer, clock, logger,
                EngineCounters::make(metrics, withMinimums(settings).eventThreads)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(std::chrono::milliseconds(0)); }

  void adopt(base::Fd listening, TransportFactory* transports) {
    // Whoever opened it may not have thought of that.
    ::fcntl(listening.get(), F_SETFL, ::fcntl(listening.get(), F_GETFL) | O_NONBLOCK);
    ::fcntl(listening.get(), F_SETFD, FD_CLOEXEC);
    addresses_.push_back(boundAddress(listening.get()));
    listening_.push_back({std::move(listening), transports == nullptr ? plain_ : *transports});
  }
  void start();
  [[nodiscard]] std::vector<base::Fd> listeningCopies() const { return acceptor_->copies(); }
  void drain() {
    engine_.stopping = true;
    for (const auto& loop : loops_) {
      loop->post({.kind = Notice::Kind::Drain});
    }
  }
  std::uint64_t stop(std::chrono::milliseconds deadline);
  [[nodiscard]] std::uint64_t connections() const {
    std::uint64_t sum = 0;
    for (const auto& loop : engine_.counters->loops) {
      sum += loop->total();
    }
    return sum;
  }

  std::vector<Address> addresses_;

 private:
  static ServerSettings withMinimums(ServerSettings settings) {
    settings.eventThreads = std::max<std::uint64_t>(settings.eventThreads, 1);
    settings.workerThreads = std::max<std::uint64_t>(settings.workerThreads, 1);
    return settings;
  }
  [[nodiscard]] std::uint64_t connectionLimit() const;

  Engine engine_;
  PlainTransportFactory plain_;
  struct Listening {
    base::Fd socket;
    TransportFactory& transports;
  };
  std::vector<Listening> listening_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
};

// The reserve is for what connections open besides their sockets: files being sent, uploads being written.
std::uint64_t Server::Impl::connectionLimit() const {
  const std::uint64_t wanted = engine_.settings.maxConnections;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return wanted;
  }
  const std::uint64_t reserve = std::min<std::uint64_t>(limit.rlim_cur / 4, 2048);
  const std::uint64_t possible = std::max<std::uint64_t>(limit.rlim_cur - reserve, 1);
  if (possible < wanted) {
    engine_.logger.warn("connections_capped", {{"wanted", wanted},
                                               {"possible", possible},
                                               {"nofile", static_cast<std::uint64_t>(limit.rlim_cur)},
                                               {"do", "raise LimitNOFILE of the service"}});
  }
  return std::min(wanted, possible);
}

void Server::Impl::start() {
  // sendfile(2) and OpenSSL write without MSG_NOSIGNAL; a client that goes away must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<EventLoop*> loops;
  for (std::uint64_t i = 0; i < engine_.settings.eventThreads; ++i) {
    loops_.push_back(std::make_unique<EventLoop>(engine_, i));
    loops_.back()->open();
    loops.push_back(loops_.back().get());
  }
  acceptor_ = std::make_unique<Acceptor>(engine_, loops, connectionLimit());
  for (Listening& each : listening_) {
    acceptor_->add(std::move(each.socket), each.transports);
  }
  listening_.clear();
  acceptor_->open();
  engine_.workers.start();
  for (std::size_t i = loops_.size(); i-- > 0;) {
    loops_[i]->start(i == 0 ? acceptor_.get() : nullptr);
  }
}

std::uint64_t Server::Impl::stop(std::chrono::milliseconds deadline) {
  const base::SteadyTime until = engine_.clock.steady() + deadline;
  engine_.stopping = true;
  for (const auto& loop : loops_) {
    loop->post({.kind = Notice::Kind::Stop, .until = until});
  }
  std::uint64_t cutOff = 0;
  for (const auto& loop : loops_) {
    loop->join();
    cutOff += loop->cutOff();
  }
  engine_.workers.stop();
  if (cutOff > 0) {
    engine_.logger.warn("exchanges_cut_off", {{"count", cutOff}});
  }
  acceptor_.reset();
  loops_.clear();
  return cutOff;
}

Server::Server(const ServerSettings& settings, Handler& handler, ExchangeObserver& observer, const base::Clock& clock,
               const base::Logger& logger, base::MetricsRegistry& metrics)
    : impl_(std::make_unique<Impl>(settings, handler, observer, clock, logger, metrics)) {}

Server::~Server() = default;

void Server::listen(const Address& address, TransportFactory* transports) {
  const std::vector<Address>& others = impl_->addresses_;
  const bool ipv4Taken = std::any_of(others.begin(), others.end(), [&](const Address& other) {
    return other.host() == "0.0.0.0" && other.port() == address.port();
  });
  adopt(openListeningAnywhere(address, ipv4Taken ? Family::OnlyItsOwn : Family::Both), transports);
}

void Server::adopt(base::Fd listening, TransportFactory* transports) { impl_->adopt(std::move(listening), transports); }

std::vector<Address> Server::addresses() const { return impl_->addresses_; }

std::uint64_t Server::connections() const { return impl_->connections(); }

void Server::start() { impl_->start(); }

std::vector<base::Fd> Server::listeningCopies() const { return impl_->listeningCopies(); }

void Server::drain() { impl_->drain(); }

std::uint64_t Server::stop(std::chrono::milliseconds deadline) { return impl_->stop(deadline); }

}  // namespace rha::net
