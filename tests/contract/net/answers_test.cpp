// Answers: from text, memory, files and streams.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "base/backend_count.h"
#include "transport_contract.h"

namespace rha::net::test {
namespace {

// A file that holds the first `there` of the bytes, and a source that can go on without it.
class HalfLostSource final : public base::BodySource {
 public:
  HalfLostSource(base::Fd file, std::string bytes) : file_(std::move(file)), bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::optional<base::FileRange> file() const override {
    return base::FileRange{file_.get(), 0, bytes_.size()};
  }
  bool goOnWithoutFile(std::uint64_t sent) override {
    at_ = sent;
    return true;
  }
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), bytes_.size() - at_);
    std::memcpy(buffer.data(), bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  base::Fd file_;
  const std::string bytes_;
  std::size_t at_ = 0;
};

// Each piece of it is asked for from another server.
class RemoteSource final : public base::BodySource {
 public:
  explicit RemoteSource(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  std::size_t read(std::span<std::byte> buffer) override {
    base::countBackendRequest();
    const std::size_t count = std::min<std::size_t>({buffer.size(), bytes_.size() - at_, 1000});
    std::memcpy(buffer.data(), bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const std::string bytes_;
  std::size_t at_ = 0;
};

class RemoteSink final : public EchoSink {
 public:
  using EchoSink::EchoSink;
  Response finish() override {
    base::countBackendRequest();
    return EchoSink::finish();
  }
};

class AnswersContract : public TransportContract {
 protected:
  base::Fd file(const std::string& bytes) {
    const std::string path = (folder.path() / "blob").string();
    base::Fd opened(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    EXPECT_EQ(::pwrite(opened.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return opened;
  }
  // A file that holds `bytes`, said to hold `size`.
  std::unique_ptr<base::BodySource> fileSource(const std::string& bytes, std::uint64_t size) {
    return std::make_unique<FileSource>(file(bytes), size);
  }
  void serve(const std::string& path, std::function<std::unique_ptr<base::BodySource>()> make) {
    route(path, [make](Request&) {
      Response response(200);
      response.body = make();
      return response;
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Transports, AnswersContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(AnswersContract, EverySourceArrivesWholeAndTheConnectionGoesOn) {
  const auto bytes = std::make_shared<const std::string>(pattern(5'000'003));
  serve("/memory", [&] { return base::memorySource(bytes); });
  serve("/part", [&] { return base::memorySource(bytes, 7, 100'000); });
  serve("/file", [&] { return fileSource(*bytes, bytes->size()); });
  serve("/stream", [&] { return std::make_unique<PatternSource>(bytes->size()); });
  route("/text", [&](Request&) { return Response(200, *bytes, "text/plain"); });
  start();
  RawClient client = connect();
  for (const char* path : {"/memory", "/part", "/file", "/stream", "/text"}) {
    const RawAnswer answer = client.get(path);
    EXPECT_TRUE(answer.complete) << path;
    EXPECT_TRUE(answer.body == (path == std::string("/part") ? bytes->substr(7, 100'000) : *bytes)) << path;
  }
  EXPECT_TRUE(journal.saw("end /text"));
  EXPECT_EQ(observer.last().bytesOut, bytes->size());
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
}

TEST_P(AnswersContract, EmptySourcesAndTextsAreAnswersToo) {
  serve("/memory", [] { return base::memorySource(std::make_shared<const std::string>()); });
  serve("/stream", [] { return std::make_unique<PatternSource>(0); });
  route("/text", [](Request&) { return Response(200); });
  start();
  RawClient client = connect();
  for (const char* path : {"/memory", "/stream", "/text"}) {
    EXPECT_EQ(client.get(path).header("content-length"), "0") << path;
  }
}

TEST_P(AnswersContract, HeadAndStatusesWithoutBodySendNone) {
  serve("/stream", [] { return std::make_unique<PatternSource>(1000); });
  route("/304", [](Request&) { return Response(304, "never sent", "text/plain"); });
  route("/204", [](Request&) { return Response(204); });
  start();
  RawClient client = connect();
  client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\nHEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read(false).header("content-length"), "1000");
  EXPECT_EQ(client.read(false).header("content-length"), "5");
  EXPECT_EQ(client.get("/304").status, 304);
  EXPECT_EQ(client.get("/204").header("content-length"), "");
  EXPECT_EQ(client.get("/hello").body, "hello");
}

TEST_P(AnswersContract, AHandlerMayCloseTheConnection) {
  route("/bye", [](Request&) {
    Response response(200, "bye", "text/plain");
    response.close = true;
    return response;
  });
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/bye").header("connection"), "close");
  EXPECT_TRUE(client.isClosed());
}

TEST_P(AnswersContract, AFileThatFailsIsGoneOnWithoutIfItsSourceCan) {
  const std::string bytes = pattern(3'000'001);
  for (const std::size_t there : {std::size_t{0}, std::size_t{1'000'000}, bytes.size() - 1}) {
    serve("/" + std::to_string(there),
          [this, bytes, there] { return std::make_unique<HalfLostSource>(file(bytes.substr(0, there)), bytes); });
  }
  start();
  RawClient client = connect();
  for (const std::size_t there : {std::size_t{0}, std::size_t{1'000'000}, bytes.size() - 1}) {
    const RawAnswer answer = client.get("/" + std::to_string(there));
    EXPECT_TRUE(answer.complete) << there;
    EXPECT_TRUE(answer.body == bytes) << there;
  }
  EXPECT_TRUE(journal.saw("end /0"));
  EXPECT_EQ(observer.last().bytesOut, bytes.size());
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
}

TEST_P(AnswersContract, RequestsToOtherServersAreCountedForEachExchange) {
  serve("/pull", [] {
    base::countBackendRequest();
    base::countBackendRequest();
    return std::make_unique<RemoteSource>(pattern(3000));
  });
  route("/push", [this](Request&) {
    base::countBackendRequest();
    return std::make_unique<RemoteSink>(journal);
  });
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/pull").body, pattern(3000));
  ASSERT_TRUE(journal.saw("end /pull"));
  EXPECT_EQ(observer.last().backendRequests, 5U) << "two by the handler, three by its source";
  client.send("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(client.read().body, "ab");
  ASSERT_TRUE(journal.saw("end /push"));
  EXPECT_EQ(observer.last().backendRequests, 2U) << "one by the handler, one by its sink";
  EXPECT_EQ(client.get("/hello").body, "hello");
  ASSERT_TRUE(journal.saw("end /hello"));
  EXPECT_EQ(observer.last().backendRequests, 0U);
}

TEST_P(AnswersContract, ASourceThatFailsCutsTheConnection) {
  serve("/stream", [] { return std::make_unique<PatternSource>(1'000'000, 500'000); });
  serve("/file", [this] { return fileSource(pattern(500'000), 1'000'000); });
  start();
  for (const char* path : {"/stream", "/file"}) {
    RawClient client = connect();
    const RawAnswer answer = client.get(path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.complete);
    EXPECT_TRUE(journal.saw(std::string("end ") + path + " source failed"));
    EXPECT_EQ(observer.last().status, 200);
    EXPECT_LE(observer.last().bytesOut, 500'000u);
  }
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"source_failed\"}", 2));
}

TEST_P(AnswersContract, AClientThatResetsInMidAnswerEndsTheExchange) {
  serve("/stream", [] { return std::make_unique<PatternSource>(30'000'000); });
  serve("/file", [this] { return fileSource("x", 1); });
  start();
  RawClient client = connect(16 * 1024);
  client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_GT(client.skip(100'000), 0u);
  client.reset();
  EXPECT_TRUE(journal.saw("end /stream client gone"));
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
}

TEST_P(AnswersContract, AClientThatReadsNothingIsCutOffAfterTheDeadline) {
  settings.bodyDeadline = std::chrono::milliseconds(200);
  const auto bytes = std::make_shared<const std::string>(pattern(30'000'000));
  serve("/memory", [&] { return base::memorySource(bytes); });
  start();
  RawClient client = connect(16 * 1024);
  client.send("GET /memory HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(journal.saw("end /memory deadline"));
}

TEST_P(AnswersContract, AClientThatHalfClosesWhileReadingGetsEverything) {
  const std::string bytes = pattern(3'000'000);
  serve("/file", [&] { return fileSource(bytes, bytes.size()); });
  start();
  RawClient client = connect(16 * 1024);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  client.shutdownWrite();
  EXPECT_TRUE(client.read().body == bytes);
  EXPECT_TRUE(client.isClosed());
}

TEST_P(AnswersContract, ManyStreamsShareASmallBudget) {
  settings.bodyBudgetBytes = 64 * 1024;
  settings.bodyBufferBytes = 64 * 1024;
  serve("/stream", [] { return std::make_unique<PatternSource>(300'000); });
  start();
  const std::string bytes = pattern(300'000);
  std::atomic<int> whole{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      RawClient client = connect();
      whole += client.get("/stream").body == bytes && client.get("/stream").body == bytes ? 1 : 0;
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(whole, 16);
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
}

}  // namespace
}  // namespace rha::net::test
