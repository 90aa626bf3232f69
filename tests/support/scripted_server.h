// ScriptedServer: an HTTP server on loopback that does what a test says with each request, faults included: answers in
// pieces, breaks off, stalls. For what a well-behaved server does not do.
//
//   ScriptedServer server([](ScriptedServer::Call& call) { call.answer(200, "hello"); });
//   client.fetch({.url = server.url("/x")}, 100);
//
// One thread per connection; the script runs on them. The destructor cuts all connections and joins the threads.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/fd.h"
#include "base/lock_guarded.h"
#include "base/text.h"

namespace rha::test {

class ScriptedServer final {
 public:
  // A request that came in, and the connection to answer it on.
  struct Call {
    int connection = -1;
    std::uint64_t number = 0;  // of the request, over all connections, from 1
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    bool keep = true;  // false: close the connection afterwards

    void send(std::string_view bytes) const {
      while (!bytes.empty()) {
        const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) {
          return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
    }
    void answer(int status, std::string_view text, const std::string& fields = "") const {
      std::string bytes = "HTTP/1.1 " + std::to_string(status) +
                          " Status\r\nContent-Length: " + std::to_string(text.size()) + "\r\n" + fields + "\r\n";
      send(bytes.append(method == "HEAD" ? "" : text));  // at once, or the second part waits for an ACK
    }
    // Breaks the connection off, also for a client that is still sending.
    void reset() {
      const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
      ::connect(connection, &nobody, sizeof nobody);
      keep = false;
    }
    // Until the client closes the connection.
    void stall() {
      char byte = 0;
      while (::recv(connection, &byte, 1, 0) > 0) {
      }
      keep = false;
    }
  };
  using Script = std::function<void(Call&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listening_ = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::listen(listening_.get(), 64) != 0 ||
        ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("scripted server cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { acceptAll(); });
  }
  ~ScriptedServer() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    acceptor_.join();
    std::list<Client> clients;
    clients.swap(*clients_.lock());
    for (auto& client : clients) {
      ::shutdown(client.socket.get(), SHUT_RDWR);
    }
    for (auto& client : clients) {
      client.thread.join();
    }
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  [[nodiscard]] std::uint64_t connections() { return clients_.lock()->size(); }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  struct Client {
    base::Fd socket;
    std::thread thread;
  };

  void acceptAll() {
    while (true) {
      base::Fd socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket.valid()) {
        return;
      }
      auto clients = clients_.lock();
      clients->push_back({std::move(socket), {}});
      const int descriptor = clients->back().socket.get();
      clients->back().thread = std::thread([this, descriptor] { serve(descriptor); });
    }
  }

  void serve(int descriptor) {
    std::string input;
    while (true) {
      Call call;
      call.connection = descriptor;
      if (!readRequest(call, input)) {
        return;
      }
      call.number = ++requests_;
      script_(call);
      if (!call.keep) {
        ::shutdown(descriptor, SHUT_RDWR);
        return;
      }
    }
  }

  static bool receive(int descriptor, std::string& input) {
    char buffer[65536];
    const ssize_t count = ::recv(descriptor, buffer, sizeof buffer, 0);
    if (count > 0) {
      input.append(buffer, static_cast<std::size_t>(count));
    }
    return count > 0;
  }

  static bool readRequest(Call& call, std::string& input) {
    std::size_t end = 0;
    while ((end = input.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(call.connection, input)) {
        return false;
      }
    }
    const std::string head = input.substr(0, end);
    input.erase(0, end + 4);
    bool first = true;
    for (std::string_view line : base::split(head, '\n')) {
      line = line.substr(0, line.find('\r'));
      if (first) {
        const auto words = base::split(line, ' ');
        call.method = words[0];
        call.target = words.size() > 1 ? words[1] : "";
        first = false;
        continue;
      }
      const std::size_t colon = line.find(':');
      call.headers[base::toLower(line.substr(0, colon))] = std::string(base::trim(line.substr(colon + 1)));
    }
    const auto given = call.headers.find("content-length");
    const std::size_t length = given == call.headers.end() ? 0 : base::parseUnsigned(given->second).value_or(0);
    while (input.size() < length) {
      if (!receive(call.connection, input)) {
        return false;
      }
    }
    call.body = input.substr(0, length);
    input.erase(0, length);
    return true;
  }

  Script script_;
  base::Fd listening_;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  base::LockGuarded<std::list<Client>> clients_;
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace rha::test
