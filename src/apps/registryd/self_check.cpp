#include "apps/registryd/self_check.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "apps/registryd/exchange_log.h"
#include "base/fd.h"
#include "net/tls_probe.h"

namespace rha::registryd {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

std::string errnoText(std::string_view what) {
  return std::string(what) + ": " + std::generic_category().message(errno);
}

bool waitFor(int socket, short events, SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  pollfd wait{.fd = socket, .events = events, .revents = 0};
  return left > 0 && ::poll(&wait, 1, static_cast<int>(left)) == 1;
}

}  // namespace

std::string selfCheck(const SelfCheckTarget& target, std::chrono::milliseconds patience) {
  const net::Address& address = target.address;
  const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
  sockaddr_storage raw{};
  const socklen_t length = address.toSockaddr(raw);
  const base::Fd socket(::socket(raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0 && errno != EINPROGRESS) {
    return errnoText("cannot connect to " + address.text());
  }
  if (!waitFor(socket.get(), POLLOUT, deadline)) {
    return address.text() + " does not accept connections";
  }
  const std::string_view preface = target.proxied ? "PROXY UNKNOWN\r\n" : "";
  const std::string request =
      "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: " + std::string(kSelfCheckAgent) +
      "\r\n\r\n";
  if (target.tls) {
    const std::string fault = net::probeTls(socket.get(), preface, request, deadline);
    return fault.empty() ? "" : address.text() + ": " + fault;
  }
  const std::string bytes = std::string(preface) + request;
  if (::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    return errnoText("cannot send to " + address.text());
  }
  char byte = 0;
  if (!waitFor(socket.get(), POLLIN, deadline)) {
    return address.text() + " does not answer";
  }
  return ::recv(socket.get(), &byte, 1, 0) == 1 ? "" : address.text() + " closes without an answer";
}

}  // namespace rha::registryd
