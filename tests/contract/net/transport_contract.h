// What a Transport owes the engine and the engine its clients, whatever the bytes travel in: the fixture of the suite.
//
// A new transport adds one line to transports().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "net/server.h"
#include "net/tls.h"
#include "support/raw_client.h"
#include "support/temporary_folder.h"
#include "support/test_certificates.h"
#include "support/tls_client.h"

namespace rha::net::test {

using rha::test::RawAnswer;
using rha::test::RawClient;

struct TransportCase {
  std::string name;
  std::function<void(Server&, TransportFactory& tls)> listen;
  // `receiveBuffer` > 0: of the client's socket.
  // `preface` is sent first, before any handshake.
  std::function<std::unique_ptr<rha::test::Channel>(std::uint16_t port, int receiveBuffer, const std::string& preface)>
      connect;
};

inline void PrintTo(const TransportCase& value, std::ostream* out) { *out << value.name; }

inline std::vector<TransportCase> transports() {
  const Address anyPort = Address::parse("127.0.0.1:0").value();
  return {
      {"Plain", [anyPort](Server& server, TransportFactory&) { server.listen(anyPort); },
       [](std::uint16_t port, int receiveBuffer, const std::string& preface) {
         auto channel = rha::test::connectTo(port, receiveBuffer);
         channel->send(preface);
         return channel;
       }},
      {"Tls", [anyPort](Server& server, TransportFactory& tls) { server.listen(anyPort, &tls); },
       [](std::uint16_t port, int receiveBuffer, const std::string& preface) -> std::unique_ptr<rha::test::Channel> {
         return rha::test::connectTls(port, {.receiveBuffer = receiveBuffer, .preface = preface});
       }}};
}

// What happened, in order, to be waited for.
class Journal final {
 public:
  void note(std::string event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
  }
  // Waits until the event has been noted `times` times.
  bool saw(const std::string& event, long times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return std::count(events_.begin(), events_.end(), event) >= times; });
  }
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  long count(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return std::count(events_.begin(), events_.end(), event);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

// A door the handlers of a test wait at.
class Gate final {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class RecordingObserver final : public ExchangeObserver {
 public:
  void onStart(const Request& request) noexcept override { journal.note("start " + request.path); }
  void onEnd(const Request& request, const ExchangeResult& result) noexcept override {
    const std::lock_guard lock(mutex_);
    results_.push_back(result);
    journal.note("end " + request.path + (result.brokenOff.empty() ? "" : " " + std::string(result.brokenOff)));
  }
  Response onException(const Request&, std::exception_ptr error) noexcept override {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      return Response(500, caught.what(), "text/plain");
    }
  }
  Response onRefused(const Address&, int status, std::string_view reason) noexcept override {
    journal.note("refused " + std::to_string(status));
    return Response(status, std::string(reason), "text/plain");
  }
  Response onUnserved(const Request&, int status, std::string_view reason) noexcept override {
    return Response(status, std::string(reason), "text/plain");
  }
  // Of the exchange that ended last.
  ExchangeResult last() {
    const std::lock_guard lock(mutex_);
    return results_.empty() ? ExchangeResult() : results_.back();
  }

  Journal journal;

 private:
  std::mutex mutex_;
  std::vector<ExchangeResult> results_;
};

// What a body of `size` bytes looks like in these tests.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i + i / 251) % 26);
  }
  return text;
}

// Collects the body and answers with it. Notes how it ended.
class EchoSink : public BodySink {
 public:
  explicit EchoSink(Journal& journal) : journal_(journal) {}
  std::optional<Response> write(std::span<const std::byte> bytes) override {
    body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    journal_.note("write");
    return std::nullopt;
  }
  Response finish() override {
    journal_.note("finish");
    return Response(201, body_, "text/plain");
  }
  void abort(AbortReason reason) noexcept override {
    static const char* const kNames[] = {"abort ClientGone", "abort Deadline", "abort Malformed", "abort Shutdown"};
    journal_.note(kNames[static_cast<std::size_t>(reason)]);
  }

 private:
  Journal& journal_;
  std::string body_;
};

// A stream: bytes which neither a file nor memory holds. Breaks after `breakAt` bytes, if that is less.
class PatternSource final : public base::BodySource {
 public:
  explicit PatternSource(std::size_t size, std::size_t breakAt = SIZE_MAX)
      : PatternSource(std::make_shared<const std::string>(pattern(size)), breakAt) {}
  // Shares the bytes with the test, so that they need not be made for each request.
  explicit PatternSource(std::shared_ptr<const std::string> bytes, std::size_t breakAt = SIZE_MAX)
      : bytes_(std::move(bytes)), breakAt_(breakAt) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_->size(); }
  std::size_t read(std::span<std::byte> buffer) override {
    if (at_ >= breakAt_) {
      throw std::runtime_error("storage went away");
    }
    const std::size_t count = std::min({buffer.size(), bytes_->size() - at_, breakAt_ - at_});
    std::memcpy(buffer.data(), bytes_->data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t breakAt_;
  std::size_t at_ = 0;
};

// Says that `size` bytes stand in the file, whatever is there.
class FileSource final : public base::BodySource {
 public:
  FileSource(base::Fd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::optional<base::FileRange> file() const override { return base::FileRange{file_.get(), 0, size_}; }
  std::size_t read(std::span<std::byte>) override { throw std::logic_error("the file is sent by sendfile"); }

 private:
  base::Fd file_;
  std::uint64_t size_;
};

class RoutedHandler final : public Handler {
 public:
  using Route = std::function<Disposition(Request&)>;
  std::map<std::string, Route> routes;
  std::map<std::string, std::function<Response()>> fast;

  Disposition handle(Request& request) override {
    const auto at = routes.find(request.path);
    return at == routes.end() ? Disposition(Response(404, "no route", "text/plain")) : at->second(request);
  }
  std::optional<Response> tryAnswer(Request& request) override {
    const auto at = fast.find(request.path);
    return at == fast.end() ? std::nullopt : std::optional(at->second());
  }
};

class TransportContract : public ::testing::TestWithParam<TransportCase> {
 protected:
  TransportContract() {
    settings.eventThreads = 2;
    settings.workerThreads = 4;
    route("/hello", [](Request&) { return Response(200, "hello", "text/plain"); });
    route("/echo", [this](Request&) { return std::make_unique<EchoSink>(journal); });
    route("/refuse", [](Request&) { return Response(401, "who are you", "text/plain"); });
    handler.fast["/fast"] = [] { return Response(200, "fast", "text/plain"); };
  }
  ~TransportContract() override {
    stop();
    // Whatever happened: every exchange that started has ended.
    long started = 0;
    long ended = 0;
    for (const std::string& event : journal.events()) {
      started += event.starts_with("start ") ? 1 : 0;
      ended += event.starts_with("end ") ? 1 : 0;
    }
    EXPECT_EQ(started, ended);
  }

  template <typename Function>
  void route(const std::string& path, Function function) {
    handler.routes[path] = [function](Request& request) { return Disposition(function(request)); };
  }
  void start() {
    server.emplace(settings, handler, observer, clock, logger, metrics);
    ASSERT_TRUE(tls.load().ok());
    GetParam().listen(*server, tls);
    server->start();
    port = server->addresses().at(0).port();
  }
  void stop() {
    if (server) {
      server->stop(std::chrono::milliseconds(0));
      server.reset();
    }
  }
  RawClient connect(int receiveBuffer = 0, const std::string& preface = "") {
    return RawClient(GetParam().connect(port, receiveBuffer, preface));
  }
  // The value of a metric, such as `registry_ha_connections{state="idle"}`; -1 if there is none.
  double metric(const std::string& name) {
    const std::string text = "\n" + metrics.render();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
  }
  // Whether it had the value once: who asks twice may see the next one.
  bool waitForMetric(const std::string& name, double value) {
    for (int i = 0; i < 2000; ++i) {
      if (metric(name) == value) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  ServerSettings settings;
  RoutedHandler handler;
  RecordingObserver observer;
  Journal& journal = observer.journal;
  base::SystemClock clock;
  base::Logger logger{{.descriptor = -1}};
  base::MetricsRegistry metrics;
  rha::test::TemporaryFolder folder;
  rha::test::TestAuthority authority;
  TlsTransportFactory tls{
      {.certificates = {authority.write(folder.path(), "server", {.names = {"localhost"}})}}, clock, metrics};
  std::optional<Server> server;
  std::uint16_t port = 0;
};

inline std::string caseName(const ::testing::TestParamInfo<TransportCase>& info) { return info.param.name; }

}  // namespace rha::net::test
