// Limits: connections, workers, descriptors; and stopping.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/error.h"
#include "transport_contract.h"

namespace rha::net::test {
namespace {

class LimitsContract : public TransportContract {
 protected:
  // Handlers of "/later" wait here; the journal has an "in /later" for each that came so far.
  Gate gate;
  LimitsContract() {
    route("/later", [this](Request&) {
      journal.note("in /later");
      gate.pass();
      return Response(200, "later", "text/plain");
    });
  }
  ~LimitsContract() override {
    gate.open();
    stop();
  }
  static constexpr const char* kLater = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
  static constexpr const char* kIdle = "registry_ha_connections{state=\"idle\"}";
};
std::vector<base::Fd> duplicatesOfAllSockets() {
  std::vector<int> sockets;
  for (int descriptor = 3; descriptor < 512; ++descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) {
      sockets.push_back(descriptor);
    }
  }
  std::vector<base::Fd> all;
  all.reserve(sockets.size());
  for (const int socket : sockets) {
    all.emplace_back(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Transports, LimitsContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(LimitsContract, BeyondTheMaximumAnIdleConnectionMakesRoom) {
  settings.maxConnections = 4;
  start();
  std::vector<RawClient> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(connect());
    EXPECT_EQ(idle.back().get("/hello").status, 200);
  }
  EXPECT_TRUE(waitForMetric(kIdle, 4));
  RawClient client = connect();
  EXPECT_EQ(client.get("/hello").status, 200);
  EXPECT_TRUE(waitForMetric("registry_ha_connections_shed_total{how=\"idle\"}", 1));
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"shed\"}", 1));
}

TEST_P(LimitsContract, WithoutAnIdleConnectionANewOneIsRefused) {
  settings.maxConnections = 2;
  start();
  RawClient first = connect();
  RawClient second = connect();
  first.send(kLater);
  second.send(kLater);
  EXPECT_TRUE(journal.saw("in /later", 2));
  RawClient third = connect();
  const RawAnswer answer = third.get("/hello");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_TRUE(third.isClosed());
  EXPECT_EQ(journal.count("refused 503"), 1);
  gate.open();
  EXPECT_EQ(first.read().body, "later");
  EXPECT_EQ(second.read().body, "later");
}

TEST_P(LimitsContract, AFullQueueForWorkersIs503AndTheEventThreadAnswersStill) {
  settings.workerThreads = 1;
  settings.workerQueue = 1;
  start();
  RawClient running = connect();
  running.send(kLater);
  EXPECT_TRUE(journal.saw("in /later"));
  RawClient waiting = connect();
  waiting.send(kLater);
  EXPECT_TRUE(waitForMetric("registry_ha_worker_queue", 1));
  RawClient client = connect();
  const RawAnswer answer = client.get("/hello");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(client.get("/fast").status, 200);
  EXPECT_EQ(metric("registry_ha_requests_shed_total"), 1);
  gate.open();
  EXPECT_EQ(running.read().status, 200);
  EXPECT_EQ(waiting.read().status, 200);
}

TEST_P(LimitsContract, LackOfDescriptorsIsSurvived) {
  start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const base::Fd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  // The client's sockets exist before the limit comes down; the server's cannot be made.
  std::vector<base::Fd> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(sockets.back().get()) + 1;
  std::vector<base::Fd> filling;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int next = ::dup(probe.get()); next >= 0; next = ::dup(probe.get())) {
    filling.emplace_back(next);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const base::Fd& socket : sockets) {
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(waitForMetric("registry_ha_connections_shed_total{how=\"dropped\"}", 3));
  const double failures = metric("registry_ha_accept_failures_total");
  EXPECT_GE(failures, 3);
  EXPECT_LT(failures, 50) << "it does not spin";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  filling.clear();
  RawClient client = connect();
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_P(LimitsContract, ConnectionStatesAreCounted) {
  start();
  RawClient idle = connect();
  RawClient head = connect();
  RawClient busy = connect();
  head.send("GET ");
  busy.send(kLater);
  // Idle last: each of them is idle for a moment first.
  EXPECT_TRUE(waitForMetric("registry_ha_connections{state=\"busy\"}", 1));
  EXPECT_TRUE(waitForMetric("registry_ha_connections{state=\"head\"}", 1));
  EXPECT_TRUE(waitForMetric(kIdle, 1));
  EXPECT_EQ(metric("registry_ha_connections_accepted_total"), 3);
  gate.open();
  EXPECT_EQ(busy.read().status, 200);
  EXPECT_TRUE(waitForMetric(kIdle, 2));
}

TEST_P(LimitsContract, StoppingClosesIdleConnectionsAndLetsExchangesEnd) {
  start();
  RawClient idle = connect();
  RawClient busy = connect();
  busy.send(kLater);
  EXPECT_TRUE(journal.saw("in /later"));
  EXPECT_TRUE(waitForMetric(kIdle, 1));
  std::uint64_t cutOff = 99;
  std::thread stopping([&] { cutOff = server->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(idle.isClosed());
  gate.open();
  const RawAnswer answer = busy.read();
  EXPECT_EQ(answer.body, "later");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(busy.isClosed());
  stopping.join();
  EXPECT_EQ(cutOff, 0u);
  EXPECT_THROW(connect(), std::runtime_error);
}

TEST_P(LimitsContract, DrainingGivesEveryConnectionOneMoreAnswerAndAcceptsNoOther) {
  start();
  RawClient idle = connect();
  RawClient busy = connect();
  busy.send(kLater);
  EXPECT_TRUE(journal.saw("in /later"));
  EXPECT_TRUE(waitForMetric(kIdle, 1));
  server->drain();
  gate.open();
  EXPECT_EQ(busy.read().header("connection"), "close");
  EXPECT_TRUE(busy.isClosed());
  const RawAnswer last = idle.get("/hello");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(idle.isClosed());
  EXPECT_THROW(connect(), std::runtime_error);
  EXPECT_TRUE(waitForMetric(kIdle, 0));
  EXPECT_EQ(server->stop(std::chrono::seconds(20)), 0u);
}

// As under systemd, which has the sockets too: who drains takes nothing from their queue any more, however long it
// lives.
TEST_P(LimitsContract, WhoDrainsLeavesConnectionsToOthersWithTheSameSocket) {
  start();
  RawClient first = connect();
  EXPECT_TRUE(waitForMetric(kIdle, 1));
  std::vector<base::Fd> copies = server->listeningCopies();
  ASSERT_EQ(copies.size(), 1u);
  server->drain();
  EXPECT_EQ(first.get("/hello").header("connection"), "close");  // its loop knows
  std::vector<std::unique_ptr<rha::test::Channel>> waiting;
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(rha::test::connectTo(port));
  }
  Server next(settings, handler, observer, clock, logger, metrics);
  next.adopt(std::move(copies.front()), GetParam().name == "Tls" ? &tls : nullptr);
  next.start();
  EXPECT_EQ(connect().get("/hello").status, 200);
  EXPECT_EQ(metric("registry_ha_connections_accepted_total"), 1 + 50 + 1);
  EXPECT_EQ(server->stop(std::chrono::seconds(20)), 0u);
  next.stop(std::chrono::milliseconds(0));
}

// As the child of a fork, which has all descriptors until it becomes another program: what was closed here has events
// for as long as that lasts, and nobody to take them.
TEST_P(LimitsContract, ClosedConnectionsAreForgottenAlsoWhileAnotherProcessHasTheirSockets) {
  settings.idleDeadline = std::chrono::milliseconds(300);
  start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().get("/hello").status, 200);
  }
  const std::vector<base::Fd> inherited = duplicatesOfAllSockets();
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"idle_deadline\"}", 8));
  for (RawClient& client : clients) {
    client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(connect().get("/hello").status, 200);
  }
}

TEST_P(LimitsContract, StoppingCutsOffWhatTakesTooLong) {
  start();
  RawClient uploading = connect();
  uploading.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\npart");
  EXPECT_TRUE(journal.saw("write"));
  RawClient slow = connect();
  slow.send("GET / HT");
  const auto begun = clock.steady();
  EXPECT_EQ(server->stop(std::chrono::milliseconds(100)), 1u);
  EXPECT_LT(clock.steady() - begun, std::chrono::seconds(5));
  EXPECT_EQ(journal.count("abort Shutdown"), 1);
  EXPECT_EQ(journal.count("end /echo shutdown"), 1);
}

TEST_P(LimitsContract, StoppingUnderLoadAnswersOrClosesButNeverHalfAnswers) {
  start();
  std::atomic<bool> over{false};
  std::atomic<int> answered{0};
  std::atomic<int> broken{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      while (!over) {
        try {
          RawClient client = connect();
          for (int n = 0; n < 20; ++n) {
            const RawAnswer answer = client.get(i % 2 == 0 ? "/fast" : "/hello");
            if (answer.status == 0) {
              break;
            }
            ++(answer.complete ? answered : broken);
          }
        } catch (const std::runtime_error&) {
          return;  // no longer listening
        }
      }
    });
  }
  EXPECT_TRUE(journal.saw("end /hello", 200));
  server->stop(std::chrono::seconds(10));
  over = true;
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_GT(answered, 200);
  EXPECT_EQ(broken, 0);
}

// A server as it is, without the suite's transports.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    handler.fast["/fast"] = [] { return Response(200, "fast", "text/plain"); };
  }

  RoutedHandler handler;
  RecordingObserver observer;
  const base::SystemClock clock;
  const base::Logger logger{{.descriptor = -1}};
  base::MetricsRegistry metrics;
  Server server{{}, handler, observer, clock, logger, metrics};
};

TEST_F(ServerTest, ListeningTwiceOnAnAddressNamesIt) {
  server.listen(Address::parse("127.0.0.1:0").value());
  const Address taken = server.addresses().at(0);
  EXPECT_NE(taken.port(), 0);
  Server second({}, handler, observer, clock, logger, metrics);
  try {
    second.listen(taken);
    FAIL() << "the address is taken";
  } catch (const base::IoError& error) {
    EXPECT_EQ(std::string(error.what()), "cannot listen on " + taken.text() + ": Address already in use");
  }
}

TEST_F(ServerTest, AllAddressesMeansBothFamilies) {
  server.listen(Address::parse(":0").value());
  server.start();
  RawClient client(rha::test::connectTo(server.addresses().at(0).port()));
  EXPECT_EQ(client.get("/fast").body, "fast");
  EXPECT_EQ(server.stop(std::chrono::milliseconds(0)), 0u);
}

TEST_F(ServerTest, AllAddressesOfEachFamilyMayBeNamedBesideEachOther) {
  server.listen(Address::parse("0.0.0.0:0").value());
  const std::uint16_t port = server.addresses().at(0).port();
  server.listen(Address::parse("[::]:" + std::to_string(port)).value());
  server.start();
  RawClient client(rha::test::connectTo(port));
  EXPECT_EQ(client.get("/fast").body, "fast");
  server.stop(std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace rha::net::test
