#include "storage/swift_upload.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <map>

#include "base/md5.h"
#include "support/fake_clock.h"
#include "support/scripted_server.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

using rha::test::ScriptedServer;
using Call = ScriptedServer::Call;
using std::chrono::milliseconds;

constexpr std::size_t kSegment = std::size_t{1} << 20U;
constexpr std::size_t kPiece = 100'001;  // that comes at a time

// A Swift that keeps what is PUT, and answers for segments as the test says.
class SwiftUploadTest : public ::testing::Test {
 protected:
  // The body as it arrives, and the ETag of the answer; "" leaves it out. `nth`: how often this segment came, from 1.
  using Segment = std::function<void(Call& call, int nth, std::string& etag)>;

  SwiftUploadTest() {
    settings_.authUrl = server_.url("/auth/v1.0");
    settings_.user = "docker:registry";
    settings_.passwordFile = folder_.path() / "password";
    std::ofstream(settings_.passwordFile) << "right\n";
    settings_.container = "images";
    settings_.segmentBytes = kSegment;
    settings_.spoolBytes = 16 * kSegment;
    settings_.retry = {.attempts = 3, .firstPause = milliseconds(1), .longestPause = milliseconds(2)};
  }

  void answer(Call& call) {
    if (call.target == "/auth/v1.0") {
      call.answer(200, "", "X-Auth-Token: token\r\nX-Storage-Url: " + server_.url("/v1/AUTH_x") + "\r\n");
      return;
    }
    std::string etag = base::md5Hex(call.body);
    if (call.method == "PUT" && call.target.find("/segments/") != std::string::npos && segment_) {
      int nth = 0;
      {
        const std::lock_guard lock(mutex_);
        nth = ++times_[call.target];
      }
      segment_(call, nth, etag);
      const auto wanted = call.headers.find("etag");
      if (wanted != call.headers.end() && wanted->second != base::md5Hex(call.body)) {
        call.answer(422, "");
        return;
      }
    }
    if (call.method == "PUT") {
      const std::lock_guard lock(mutex_);
      stored_[call.target] = call.body;
    }
    call.answer(call.method == "PUT" ? 201 : 204, "", etag.empty() ? "" : "Etag: " + etag + "\r\n");
  }

  void upload(std::string_view bytes) {
    if (!service_) {
      service_.emplace(settings_, clock_, metrics_);
      budget_.emplace(settings_.spoolBytes);
    }
    const auto session = SwiftUpload::start(*service_, *budget_, "uploads/one");
    base::Hasher digest(base::HashAlgorithm::Sha256);
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
      session->appendHashed(std::as_bytes(std::span(bytes.substr(at, kPiece))), digest);
    }
    session->flush();
    EXPECT_EQ(digest.hex(), base::hashHex(base::HashAlgorithm::Sha256, bytes));
  }
  // Of all segments, in order.
  std::string stored() {
    std::string all;
    for (const auto& [target, body] : stored_) {
      all += target.find("/segments/") != std::string::npos ? body : "";
    }
    return all;
  }
  static std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<char>(i * 7 + i / 255);
    }
    return bytes;
  }

  rha::test::TemporaryFolder folder_;
  rha::test::FakeClock clock_;
  base::MetricsRegistry metrics_;
  Segment segment_;
  std::mutex mutex_;
  std::map<std::string, int> times_;
  std::map<std::string, std::string> stored_;
  SwiftSettings settings_;
  ScriptedServer server_{[this](Call& call) { answer(call); }};
  std::optional<SwiftService> service_;
  std::optional<SpoolBudget> budget_;
};

TEST_F(SwiftUploadTest, SegmentsThatArriveWellAreSentOnce) {
  segment_ = [](Call&, int, std::string&) {};
  const std::string bytes = pattern(5 * kSegment + 1000);
  upload(bytes);
  EXPECT_TRUE(stored() == bytes);
  ASSERT_EQ(times_.size(), 6U);
  for (const auto& [target, times] : times_) {
    EXPECT_EQ(times, 1) << target;
  }
}

TEST_F(SwiftUploadTest, ASegmentThatArrivedOtherwiseIsSentAgainAndChecked) {
  for (const int wrong : {1, 2, 5}) {
    times_.clear();
    stored_.clear();
    std::string checked;
    segment_ = [&](Call& call, int nth, std::string& etag) {
      if (nth == 1 && call.target.ends_with("000" + std::to_string(wrong))) {
        call.body[kSegment / 2] ^= 1;
        etag = base::md5Hex(call.body);
      } else if (nth == 2) {
        checked = call.headers["etag"];
      }
    };
    const std::string bytes = pattern(5 * kSegment);
    upload(bytes);
    EXPECT_TRUE(stored() == bytes) << wrong;
    EXPECT_EQ(checked, base::md5Hex(bytes.substr(static_cast<std::size_t>(wrong - 1) * kSegment, kSegment)));
  }
}

TEST_F(SwiftUploadTest, TheDigestIsLeftOutOrOfAnotherAlgorithm) {
  segment_ = [](Call&, int, std::string&) {};
  const std::string bytes = pattern(5 * kSegment + 1000);
  upload("");
  const auto session = SwiftUpload::start(*service_, *budget_, "uploads/two");
  base::Hasher digest(base::HashAlgorithm::Sha512);
  const auto all = std::as_bytes(std::span(bytes));
  session->append(all.first(2 * kSegment + 1));
  session->appendHashed(all.subspan(2 * kSegment + 1), digest);
  session->flush();
  EXPECT_TRUE(stored() == bytes);
  EXPECT_EQ(digest.hex(), base::hashHex(base::HashAlgorithm::Sha512, std::string_view(bytes).substr(2 * kSegment + 1)));
}

TEST_F(SwiftUploadTest, ASegmentThatNeverArrivesWellFailsTheUpload) {
  segment_ = [&](Call& call, int, std::string& etag) {
    call.body[0] ^= 1;
    etag = base::md5Hex(call.body);
  };
  EXPECT_THROW(upload(pattern(2 * kSegment)), StorageError);
}

TEST_F(SwiftUploadTest, ASwiftThatDoesNotSayWhatItStoredIsToldToCheck) {
  std::string checked;
  segment_ = [&](Call& call, int nth, std::string& etag) {
    etag.clear();
    checked = nth == 2 ? call.headers["etag"] : "";
  };
  const std::string bytes = pattern(kSegment + 1);
  upload(bytes);
  EXPECT_TRUE(stored() == bytes);
  EXPECT_FALSE(checked.empty());
}

TEST_F(SwiftUploadTest, TheNextSegmentIsOnItsWayBeforeTheFirstIsStored) {
  std::condition_variable came;
  bool second = false;
  bool together = false;
  segment_ = [&](Call& call, int, std::string&) {
    std::unique_lock lock(mutex_);
    if (call.target.ends_with("0001")) {
      together = came.wait_for(lock, std::chrono::seconds(20), [&] { return second; });
    } else {
      second = true;
      came.notify_all();
    }
  };
  upload(pattern(4 * kSegment));
  EXPECT_TRUE(together);
}

TEST_F(SwiftUploadTest, WhereMemoryIsScarceOneSegmentIsOnItsWay) {
  settings_.spoolBytes = 2 * kSegment;
  std::atomic<int> here{0};
  std::atomic<int> most{0};
  segment_ = [&](Call&, int, std::string&) {
    most = std::max<int>(most, ++here);
    std::this_thread::sleep_for(milliseconds(20));
    --here;
  };
  const std::string bytes = pattern(6 * kSegment);
  upload(bytes);
  EXPECT_TRUE(stored() == bytes);
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace rha::storage
