#include "apps/registryd/predecessor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "apps/registryd/successor.h"
#include "base/text.h"

namespace rha::registryd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReloadPatience{5};

void tell(const base::Fd& socket, HandOverPacket::Kind kind) {
  const HandOverPacket packet{kind, 0};
  static_cast<void>(!::send(socket.get(), &packet, sizeof packet, MSG_NOSIGNAL));
}

enum class Heard : std::uint8_t { It, End, Nothing };

// Waits for a message of that kind; others are dropped.
Heard waitFor(const base::Fd& socket, HandOverPacket::Kind kind, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || (::poll(&wait, 1, static_cast<int>(left.count())) == 0)) {
      return Heard::Nothing;
    }
    HandOverPacket packet{};
    const ssize_t size = ::recv(socket.get(), &packet, sizeof packet, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      continue;
    }
    if (size != static_cast<ssize_t>(sizeof packet)) {
      return Heard::End;
    }
    if (packet.kind == kind) {
      return Heard::It;
    }
  }
}

}  // namespace

std::unique_ptr<Predecessor> Predecessor::take(std::string_view commonGround) {
  const char* const value = std::getenv(kPredecessorVariable);
  if (value == nullptr) {
    return nullptr;
  }
  const std::string text = value;
  ::unsetenv(kPredecessorVariable);
  const std::size_t blank = text.find(' ');
  const auto number = base::parseUnsigned(std::string_view(text).substr(0, blank));
  if (!number || *number > 1'000'000 || blank == std::string::npos) {
    throw std::runtime_error(std::string(kPredecessorVariable) + " is for registryd's own use; unset it");
  }
  base::Fd socket(static_cast<int>(*number));
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  if (const std::string theirs = text.substr(blank + 1); theirs != commonGround) {
    throw std::runtime_error("storage and index have changed, from \"" + theirs + "\" to \"" +
                             std::string(commonGround) +
                             "\": that takes a restart (systemctl restart docker-registry-ha)");
  }
  return std::make_unique<Predecessor>(std::move(socket));
}

Predecessor::Predecessor(base::Fd socket) : socket_(std::move(socket)) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0) {
    pid_ = peer.pid;
  }
}

void Predecessor::ready() { tell(socket_, HandOverPacket::Kind::Ready); }

void Predecessor::waitForConfirmation(std::chrono::milliseconds patience) {
  if (waitFor(socket_, HandOverPacket::Kind::Confirmed, patience) != Heard::It) {
    throw std::runtime_error("the process that was to hand over has given up waiting, or does not answer");
  }
}

bool Predecessor::ended() {
  if (!ended_) {
    char byte = 0;
    const ssize_t size = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    ended_ = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
  }
  return ended_;
}

void Predecessor::reload() {
  const auto turn = asking_.lock();
  if (!ended()) {
    tell(socket_, HandOverPacket::Kind::Reload);
    waitFor(socket_, HandOverPacket::Kind::Reloaded, kReloadPatience);
  }
}

}  // namespace rha::registryd
