// A crowd on few threads: idle connections and slow downloads must not keep a new client waiting.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "transport_contract.h"

namespace rha::net::test {
namespace {

constexpr std::size_t kIdle = 2000;
constexpr std::size_t kSlow = 200;
constexpr int kRequests = 200;

// Both ends of every connection are descriptors of this process.
bool raiseDescriptors(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < wanted) {
    return false;
  }
  limit.rlim_cur = std::max(limit.rlim_cur, wanted);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

class CrowdContract : public TransportContract {};
INSTANTIATE_TEST_SUITE_P(Transports, CrowdContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(CrowdContract, ANewClientIsServedAtOnceBesideACrowdOfIdleAndSlowOnes) {
  if (!raiseDescriptors(2 * (kIdle + kSlow) + 1000)) {
    GTEST_SKIP() << "the limit of descriptors is too low";
  }
  const std::string path = (folder.path() / "blob").string();
  const base::Fd blob(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::uint64_t size = 64 * 1024 * 1024;
  ASSERT_EQ(::ftruncate(blob.get(), static_cast<off_t>(size)), 0);
  route("/file", [&](Request&) {
    Response response(200);
    response.body = std::make_unique<FileSource>(base::Fd(::dup(blob.get())), size);
    return response;
  });
  const auto bytes = std::make_shared<const std::string>(pattern(1024 * 1024));
  route("/stream", [&](Request&) {
    Response response(200);
    response.body = std::make_unique<PatternSource>(bytes);
    return response;
  });
  start();

  std::vector<RawClient> idle;
  for (std::size_t i = 0; i < kIdle; ++i) {
    idle.push_back(connect());
  }
  std::vector<RawClient> slow;
  for (std::size_t i = 0; i < kSlow; ++i) {
    slow.push_back(connect(16 * 1024));
    slow.back().send(std::string("GET ") + (i % 4 == 0 ? "/stream" : "/file") + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  EXPECT_TRUE(waitForMetric("registry_ha_connections_accepted_total", kIdle + kSlow));
  std::atomic<bool> over{false};
  std::thread reading([&] {
    while (!over) {
      for (RawClient& client : slow) {
        client.skip(1024);
      }
    }
  });

  std::vector<std::chrono::microseconds> times;
  for (int i = 0; i < kRequests; ++i) {
    const auto begun = clock.steady();
    RawClient client = connect();
    EXPECT_EQ(client.get(i % 2 == 0 ? "/hello" : "/fast").status, 200);
    times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(clock.steady() - begun));
  }
  over = true;
  reading.join();
  std::sort(times.begin(), times.end());
  RecordProperty("median_us", static_cast<int>(times[kRequests / 2].count()));
  RecordProperty("p99_us", static_cast<int>(times[kRequests * 99 / 100].count()));
  // Generous: sanitizers and busy machines run this too. A thread per connection would take seconds.
  EXPECT_LT(times[kRequests * 99 / 100], std::chrono::milliseconds(250));
  EXPECT_EQ(idle.front().get("/hello").status, 200) << "an idle connection is as good as new";
  EXPECT_EQ(idle.back().get("/fast").status, 200);
  EXPECT_LE(metric("registry_ha_body_buffer_bytes"), static_cast<double>(settings.bodyBudgetBytes));
  for (RawClient& client : slow) {
    client.reset();
  }
}

}  // namespace
}  // namespace rha::net::test
