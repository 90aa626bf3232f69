#include "storage/swift_auth.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <thread>
#include <vector>

#include "storage/storage_error.h"
#include "support/fake_clock.h"
#include "support/scripted_server.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

using rha::test::ScriptedServer;
using Call = ScriptedServer::Call;
using std::chrono::milliseconds;
using std::chrono::seconds;

// An auth server whose answers a test chooses, and a SwiftAuth that asks it.
class SwiftAuthTest : public ::testing::Test {
 protected:
  SwiftAuthTest() {
    settings_.authUrl = server_.url("/auth/v1.0");
    settings_.user = "docker:registry";
    settings_.passwordFile = folder_.path() / "password";
    settings_.retry = {.attempts = 3, .firstPause = milliseconds(1), .longestPause = milliseconds(2)};
    write("right\nsecond line\n");
  }

  void write(const std::string& password) { std::ofstream(settings_.passwordFile) << password; }

  void answer(Call& call) {
    const int number = ++asked_;
    if (before_) {
      before_(number);
    }
    if (status_ != 200) {
      call.answer(status_, "");
    } else if (call.headers["x-auth-user"] != "docker:registry" || call.headers["x-auth-key"] != password_) {
      call.answer(401, "");
    } else {
      call.answer(200, "",
                  "X-Auth-Token: token" + std::to_string(number) + "\r\nX-Storage-Url: " + server_.url("/v1/AUTH_x/") +
                      "\r\nX-Auth-Token-Expires: " + std::to_string(life_) + "\r\n");
    }
  }

  SwiftAuth& auth() {
    if (!auth_) {
      auth_ = std::make_unique<SwiftAuth>(settings_, client_, metrics_, clock_);
    }
    return *auth_;
  }
  std::string token() { return std::string(auth().token()->value.reveal()); }

  std::string failure(StorageFailure expected) {
    try {
      auth().token();
    } catch (const StorageError& error) {
      EXPECT_EQ(error.failure(), expected);
      return error.what();
    }
    ADD_FAILURE() << "a token was given";
    return "";
  }

  std::atomic<int> asked_{0};
  std::atomic<int> status_{200};
  std::atomic<unsigned> life_{1000};
  std::string password_ = "right";
  std::function<void(int)> before_;

  rha::test::TemporaryFolder folder_;
  rha::test::FakeClock clock_;
  base::MetricsRegistry registry_;
  RequestMetrics metrics_{"swift", registry_};
  SwiftSettings settings_;
  std::unique_ptr<SwiftAuth> auth_;
  fetch::Client client_{{}};
  ScriptedServer server_{[this](Call& call) { answer(call); }};  // last: its threads use the rest
};

TEST_F(SwiftAuthTest, OneTokenServesUntilShortlyBeforeItsEnd) {
  EXPECT_EQ(token(), "token1");
  EXPECT_EQ(auth().token()->endpoint, server_.url("/v1/AUTH_x"));
  clock_.advance(seconds(969));
  EXPECT_EQ(token(), "token1");
  EXPECT_EQ(asked_, 1);
  clock_.advance(seconds(2));
  EXPECT_EQ(token(), "token2") << "30 s before the end";
}

TEST_F(SwiftAuthTest, AShortLivedTokenIsRenewedATenthBeforeItsEnd) {
  life_ = 100;
  EXPECT_EQ(token(), "token1");
  clock_.advance(seconds(89));
  EXPECT_EQ(token(), "token1");
  clock_.advance(seconds(2));
  EXPECT_EQ(token(), "token2");
}

TEST_F(SwiftAuthTest, ARefusedTokenIsReplacedOnceForAllWhoUsedIt) {
  const auto old = auth().token();
  auth().reject(old);
  EXPECT_EQ(token(), "token2");
  auth().reject(old);  // somebody else's late 401
  EXPECT_EQ(token(), "token2");
  EXPECT_EQ(asked_, 2);
}

TEST_F(SwiftAuthTest, ManyThatWaitGetOneRenewal) {
  constexpr int kThreads = 8;
  std::latch started(kThreads);
  before_ = [&](int) { started.wait(); };  // the answer comes when all are there
  SwiftAuth& shared = auth();
  std::vector<std::jthread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      started.count_down();
      good += shared.token()->value.reveal() == "token1" ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(good, kThreads);
  EXPECT_EQ(asked_, 1);
}

TEST_F(SwiftAuthTest, AFailedRenewalLeavesTheTokenThatIsStillGood) {
  EXPECT_EQ(token(), "token1");
  clock_.advance(seconds(980));
  status_ = 503;
  EXPECT_EQ(token(), "token1");
  EXPECT_EQ(asked_, 4) << "three attempts";
  EXPECT_EQ(token(), "token1");
  EXPECT_EQ(asked_, 4) << "not asked again at once";
  clock_.advance(seconds(21));
  EXPECT_NE(failure(StorageFailure::Unavailable).find("503"), std::string::npos);
  status_ = 200;
  EXPECT_EQ(token().substr(0, 5), "token");
}

TEST_F(SwiftAuthTest, AWrongPasswordIsToldWithoutIt) {
  write("wrong\n");
  const std::string text = failure(StorageFailure::Broken);
  EXPECT_NE(text.find(server_.url("/auth/v1.0") + " refused the user \"docker:registry\" (401)"), std::string::npos)
      << text;
  EXPECT_NE(text.find(settings_.passwordFile.string()), std::string::npos) << text;
  EXPECT_EQ(text.find("wrong"), std::string::npos) << text;
  EXPECT_EQ(asked_, 1) << "asking again would only lock the account";
}

TEST_F(SwiftAuthTest, AChangedPasswordIsTakenWithTheNextToken) {
  EXPECT_EQ(token(), "token1");
  password_ = "changed";
  write("changed\n");
  auth().reject(auth().token());
  EXPECT_EQ(token(), "token2");
}

TEST_F(SwiftAuthTest, AMissingOrHugePasswordFileIsNamed) {
  std::filesystem::remove(settings_.passwordFile);
  EXPECT_NE(failure(StorageFailure::Broken).find(settings_.passwordFile.string()), std::string::npos);
  write(std::string(5000, 'x'));
  EXPECT_NE(failure(StorageFailure::Broken).find("too large"), std::string::npos);
  EXPECT_EQ(asked_, 0);
}

TEST_F(SwiftAuthTest, AnAnswerOfSomethingElseAsksForTheVersion) {
  settings_.authVersion = 3;
  const std::string text = failure(StorageFailure::Broken);
  EXPECT_NE(text.find(server_.url("/auth/v1.0")), std::string::npos) << text;
}

}  // namespace
}  // namespace rha::storage
