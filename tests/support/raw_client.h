// RawClient: a small blocking HTTP client for tests, which sends exactly the bytes it is told to.
//
//   RawClient client(connectTo(port));
//   client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
//   EXPECT_EQ(client.read().status, 200);
//
// Over any Channel (TCP here, TLS where a suite needs it). One thread. Waits at most 10 s for anything; what does not
// come is an answer of status 0.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace rha::test {

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;
  // False: the peer takes no more.
  virtual bool send(std::string_view bytes) = 0;
  // Bytes received; 0 at the end of the stream, -1 when reset or nothing came in time.
  virtual ssize_t receive(char* buffer, std::size_t size) = 0;
  virtual void shutdownWrite() = 0;
  // Closes with a reset.
  virtual void reset() = 0;
};

class TcpChannel final : public Channel {
 public:
  explicit TcpChannel(base::Fd socket) : socket_(std::move(socket)) {}

  bool send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  ssize_t receive(char* buffer, std::size_t size) override { return ::recv(socket_.get(), buffer, size, 0); }
  void shutdownWrite() override { ::shutdown(socket_.get(), SHUT_WR); }
  void reset() override {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    socket_.reset();
  }
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  base::Fd socket_;
};

// A socket connected to 127.0.0.1. `receiveBuffer` > 0 makes a client that soon takes no more.
inline base::Fd connectSocket(std::uint16_t port, int receiveBuffer = 0) {
  base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receiveBuffer > 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(std::string("test client cannot connect: ") + std::strerror(errno));
  }
  return socket;
}

inline std::unique_ptr<Channel> connectTo(std::uint16_t port, int receiveBuffer = 0) {
  return std::make_unique<TcpChannel>(connectSocket(port, receiveBuffer));
}

struct RawAnswer {
  int status = 0;                              // 0: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool complete = false;  // as long as Content-Length promised

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

class RawClient final {
 public:
  explicit RawClient(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}

  bool send(std::string_view bytes) { return channel_->send(bytes); }
  void shutdownWrite() { channel_->shutdownWrite(); }
  void reset() { channel_->reset(); }

  RawAnswer get(const std::string& target, const std::string& fields = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    return read();
  }

  // The next answer. `hasBody` is false for an answer to HEAD.
  RawAnswer read(bool hasBody = true) {
    RawAnswer answer;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) {
        return answer;
      }
    }
    parseHead(input_.substr(0, end + 2), answer);
    input_.erase(0, end + 4);
    const bool bodyLess = !hasBody || answer.status < 200 || answer.status == 204 || answer.status == 304;
    const std::size_t length = bodyLess ? 0 : base::parseUnsigned(answer.header("content-length")).value_or(0);
    while (input_.size() < length && receive()) {
    }
    answer.complete = input_.size() >= length;
    answer.body = input_.substr(0, length);
    input_.erase(0, answer.body.size());
    return answer;
  }

  // True: the server ended the connection and sent nothing that was not read.
  bool isClosed() {
    while (receive()) {
    }
    return ended_ && input_.empty();
  }
  // Reads and drops at most `count` bytes; returns how many came.
  std::size_t skip(std::size_t count) {
    while (input_.size() < count && receive()) {
    }
    const std::size_t done = std::min(count, input_.size());
    input_.erase(0, done);
    return done;
  }

 private:
  bool receive() {
    char buffer[65536];
    const ssize_t count = channel_->receive(buffer, sizeof buffer);
    if (count > 0) {
      input_.append(buffer, static_cast<std::size_t>(count));
      return true;
    }
    ended_ = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return false;
  }

  static void parseHead(std::string_view head, RawAnswer& answer) {
    bool first = true;
    while (!head.empty()) {
      const std::size_t end = head.find("\r\n");
      const std::string_view line = head.substr(0, end);
      const std::size_t colon = line.find(':');
      if (first) {
        answer.status = line.size() >= 12 ? std::atoi(std::string(line.substr(9, 3)).c_str()) : 0;
      } else if (colon != std::string_view::npos) {
        answer.headers[base::toLower(line.substr(0, colon))] = std::string(base::trim(line.substr(colon + 1)));
      }
      first = false;
      head.remove_prefix(end + 2);
    }
  }

  std::unique_ptr<Channel> channel_;
  std::string input_;
  bool ended_ = false;
};

}  // namespace rha::test
