#include "apps/registryd/predecessor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "apps/registryd/listen_addresses.h"
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

// Takes a variable out of the environment; nullopt if it is not there.
std::optional<std::string> takeVariable(const char* name) {
  const char* const value = std::getenv(name);
  std::optional<std::string> text;
  if (value != nullptr) {
    text = value;
    ::unsetenv(name);
  }
  return text;
}

// Empty: nothing.
std::string whatTakesRestart(const CommonGround& theirs, const CommonGround& own) {
  if (theirs.places != own.places) {
    return "storage and index have changed, from \"" + theirs.places + "\" to \"" + own.places + "\"";
  }
  if (!listenAlike(theirs.addresses, own.addresses)) {
    return "the addresses to listen on (HTTP|HTTPS|debug) have changed, from \"" + theirs.addresses + "\" to \"" +
           own.addresses + "\"";
  }
  return "";
}

}  // namespace

std::unique_ptr<Predecessor> Predecessor::take(const CommonGround& ground) {
  const auto value = takeVariable(kPredecessorVariable);
  const auto addresses = takeVariable(kAddressesVariable);
  if (!value) {
    return nullptr;
  }
  const std::size_t blank = value->find(' ');
  const auto number = base::parseUnsigned(std::string_view(*value).substr(0, blank));
  if (!number || *number > 1'000'000 || blank == std::string::npos) {
    throw std::runtime_error(std::string(kPredecessorVariable) + " is for registryd's own use; unset it");
  }
  base::Fd socket(static_cast<int>(*number));
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  const CommonGround theirs{.places = value->substr(blank + 1), .addresses = addresses.value_or("")};
  if (const std::string what = whatTakesRestart(theirs, ground); !what.empty()) {
    tell(socket, HandOverPacket::Kind::TakesRestart);
    throw std::runtime_error(what + ": that takes a restart (systemctl restart docker-registry-ha)");
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
