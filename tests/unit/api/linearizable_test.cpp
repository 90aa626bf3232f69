// Readers beside writers: once a write was answered, nobody who asks later sees what was before it; and once somebody
// saw a write, nobody who asks later sees what was before it. For one process, and for two that have the same folder
// open, as while one hands over to the next.
#include <atomic>
#include <random>
#include <thread>

#include "api_fixture.h"
#include "storage/filesystem_driver.h"

namespace {

using rha::test::Answer;
using rha::test::ApiUnderTest;
using rha::test::OpenPolicy;
using rha::test::RegistryUnderTest;

// Something one writer changes step by step. A step with an odd number leaves it absent, an even one present.
class Subject {
 public:
  explicit Subject(std::string resource) : url(std::move(resource)) {}

  void begin(int step) { begun_ = step; }
  void end(int step) { ended_ = step; }
  [[nodiscard]] int answered() const { return ended_; }
  [[nodiscard]] int last() const { return begun_; }
  // The newest step that a finished read has seen.
  [[nodiscard]] int seen() const { return seen_; }
  void see(int step) {
    int before = seen_;
    while (before < step && !seen_.compare_exchange_weak(before, step)) {
    }
  }

  const std::string url;

 private:
  std::atomic<int> begun_{-1};
  std::atomic<int> ended_{-1};
  std::atomic<int> seen_{-1};
};

class LinearizableTest : public testing::Test {
 protected:
  static constexpr int kTags = 3;

  void addNode(std::shared_ptr<rha::storage::StorageDriver> driver) {
    auto gate = std::make_shared<rha::access::AnonymousGate>(policy_);
    nodes_.push_back(std::make_unique<ApiUnderTest>(std::move(driver), gate));
  }
  ApiUnderTest& node(std::minstd_rand& random) { return *nodes_[random() % nodes_.size()]; }

  static void must(int status, const Answer& answer) {
    if (answer.status != status) {
      ADD_FAILURE() << "expected " << status << ", got " << answer.status << ": " << answer.body;
    }
  }

  // The step is told by the manifest itself.
  std::string imageOf(int step) const {
    return RegistryUnderTest::imageJson(config_, {}, R"(,"annotations":{"step":")" + std::to_string(step) + R"("})");
  }
  static int stepOf(const Answer& answer) {
    const std::string mark = R"("step":")";
    return std::stoi(answer.body.substr(answer.body.find(mark) + mark.size()));
  }

  void changeTag(ApiUnderTest& api, const Subject& tag, int step) {
    if (step % 2 == 0) {
      must(201, api.send("PUT", tag.url, imageOf(step)));
    } else if (step % 4 == 1) {
      must(202, api.del(tag.url));
    } else {
      const auto digest = rha::oci::Digest::of(imageOf(step - 1)).text();
      must(202, api.del(tag.url.substr(0, tag.url.rfind('/') + 1) + digest));
    }
  }
  void changeBlob(ApiUnderTest& api, const Subject& blob, int step) {
    const std::string digest = blob.url.substr(blob.url.rfind('/') + 1);
    if (step % 2 == 0) {
      must(201, api.post("/v2/mounted/blobs/uploads/?from=source&mount=" + digest));
    } else {
      must(202, api.del(blob.url));
    }
  }

  template <typename Change>
  void write(Subject& subject, int steps, unsigned seed, Change&& change) {
    std::minstd_rand random(seed);
    for (int step = 0; step < steps; ++step) {
      subject.begin(step);
      change(node(random), subject, step);
      subject.end(step);
    }
    --writing_;
  }

  // One read and what it may have found.
  void check(ApiUnderTest& api, Subject& subject, bool isTag) {
    const int least = std::max(subject.answered(), subject.seen());
    const Answer answer = api.get(subject.url);
    const int most = subject.last();
    ASSERT_TRUE(answer.status == 200 || answer.status == 404) << answer.status << answer.body;
    ++reads_;
    const int first = (answer.status == 404) == (std::abs(least) % 2 == 1) ? least : least + 1;
    if (answer.status == 200 && isTag) {
      const int step = stepOf(answer);
      ASSERT_GE(step, least) << subject.url << " went back";
      ASSERT_LE(step, most);
      subject.see(step);
    } else {
      ASSERT_LE(first, most) << subject.url << " is " << answer.status << " at a time when it was not";
      subject.see(first);
    }
  }

  void read(std::vector<std::unique_ptr<Subject>>& subjects, unsigned seed) {
    std::minstd_rand random(seed);
    while (writing_ > 0 && !HasFatalFailure()) {
      const std::size_t which = random() % subjects.size();
      check(node(random), *subjects[which], which < kTags);
    }
  }

  void run(int steps) {
    config_ = nodes_[0]->registry.pushBlob("a", "{}");
    const auto blob = nodes_[0]->registry.pushBlob("source", "layer").text();
    std::vector<std::unique_ptr<Subject>> subjects;
    for (int i = 0; i < kTags; ++i) {
      subjects.push_back(std::make_unique<Subject>("/v2/r" + std::to_string(i) + "/manifests/latest"));
      nodes_[0]->registry.pushBlob("r" + std::to_string(i), "{}");
    }
    subjects.push_back(std::make_unique<Subject>("/v2/mounted/blobs/" + blob));
    writing_ = static_cast<int>(subjects.size());
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < subjects.size(); ++i) {
      threads.emplace_back([this, &subject = *subjects[i], steps, i] {
        write(subject, steps, i, [this, i](ApiUnderTest& api, const Subject& changed, int step) {
          i < kTags ? changeTag(api, changed, step) : changeBlob(api, changed, step);
        });
      });
    }
    for (unsigned i = 0; i < 3; ++i) {
      threads.emplace_back([this, &subjects, i] { read(subjects, 100 + i); });
    }
    for (auto& thread : threads) {
      thread.join();
    }
    EXPECT_GT(reads_, 100U);
    for (const auto& each : nodes_) {
      EXPECT_GT(each->metrics.counter("registry_ha_answer_cache_hits_total", "").value(), 0U);
    }
  }

  rha::test::TemporaryFolder folder_;

 private:
  std::shared_ptr<const OpenPolicy> policy_ = std::make_shared<OpenPolicy>();
  std::vector<std::unique_ptr<ApiUnderTest>> nodes_;
  rha::oci::Digest config_ = rha::oci::Digest::of("{}");
  std::atomic<int> writing_{0};
  std::atomic<std::uint64_t> reads_{0};
};

TEST_F(LinearizableTest, OneProcessInMemory) {
  addNode(std::make_shared<rha::storage::MemoryDriver>());
  run(1000);
}

TEST_F(LinearizableTest, TwoProcessesOnOneFolder) {
  for (int i = 0; i < 2; ++i) {
    auto driver = std::make_shared<rha::storage::FilesystemDriver>(rha::storage::FilesystemSettings{folder_.path()});
    driver->open();
    addNode(driver);
  }
  run(100);
}

}  // namespace
