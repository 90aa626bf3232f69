#include "control/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/fd.h"

namespace rha::control {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Answer = base::Result<std::string, std::string>;

// A client that sends what it likes, unlike callControl().
class RawClient final {
 public:
  explicit RawClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // The next line; nullopt once the server closed.
  std::optional<std::string> line() {
    while (buffer_.find('\n') == std::string::npos) {
      char bytes[4096];
      const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (count <= 0) {
        EXPECT_TRUE(count == 0 || errno == ECONNRESET) << "no answer";
        return std::nullopt;
      }
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
    const std::size_t end = buffer_.find('\n');
    std::string result = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return result;
  }

  // The error of the next answer.
  std::string error() {
    const auto text = line();
    const Json json = Json::parse(text.value_or("null"), nullptr, false);
    return json.is_object() && json.value("ok", true) == false ? json.value("error", "") : "no error: " + json.dump();
  }

 private:
  base::Fd socket_;
  std::string buffer_;
};

// Holds commands back until open() was called.
class Gate final {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    isOpen_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return isOpen_; });
  }
  // Waits until `count` commands have come.
  bool awaitWaiting(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool isOpen_ = false;
  int waiting_ = 0;
};

class ControlSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "rha-control-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = pattern + "/control.sock";
  }
  void TearDown() override {
    gate_.open();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void startServer(ControlLimits limits = {}) {
    server_ = std::make_unique<ControlServer>(logger_, limits);
    server_->add("echo", [](std::string_view request) { return Answer(std::string(request)); });
    server_->add("fail", [](std::string_view) -> Answer { return base::fail(std::string("it \"failed\"")); });
    server_->add("throw", [](std::string_view) -> Answer { throw std::runtime_error("it threw"); });
    server_->add("wait", [this](std::string_view) {
      gate_.pass();
      return Answer("{\"waited\":true}");
    });
    server_->start(path_);
  }

  Answer call(std::string_view request, std::chrono::milliseconds deadline = 10s) const {
    return callControl(path_, request, deadline);
  }

  std::string startFailure() {
    ControlServer other(logger_);
    try {
      other.start(path_);
    } catch (const base::IoError& error) {
      return error.what();
    }
    return "started";
  }

  base::Logger logger_{{.descriptor = ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  std::filesystem::path folder_;
  std::string path_;
  Gate gate_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlSocket, a_command_gets_the_whole_request_and_its_result_comes_back) {
  startServer();
  const Answer answer = call(R"({"command":"echo","deep":{"a":[1,2]}})");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(Json::parse(*answer), Json::parse(R"({"command":"echo","deep":{"a":[1,2]}})"));
}

TEST_F(ControlSocket, the_error_of_a_command_comes_back_whether_returned_or_thrown) {
  startServer();
  EXPECT_EQ(call(R"({"command":"fail"})").error(), "it \"failed\"");
  EXPECT_EQ(call(R"({"command":"throw"})").error(), "it threw");
}

TEST_F(ControlSocket, an_unknown_command_is_answered_with_the_known_ones) {
  startServer();
  EXPECT_EQ(call(R"({"command":"foo"})").error(), "unknown command \"foo\" (known: echo, fail, throw, wait)");
}

TEST_F(ControlSocket, what_is_no_request_is_answered_and_the_connection_goes_on) {
  startServer();
  RawClient client(path_);
  client.send("{\"command\":\n");
  EXPECT_NE(client.error().find("not valid JSON"), std::string::npos);
  client.send("[1]\n");
  EXPECT_EQ(client.error(), "a request must be a JSON object");
  client.send("{}\n{\"command\":5}\n\n");
  EXPECT_EQ(client.error(), "a request needs a \"command\" that is a string");
  EXPECT_EQ(client.error(), "a request needs a \"command\" that is a string");
  EXPECT_NE(client.error().find("not valid JSON"), std::string::npos);
  client.send("{\"command\":\"echo\",\"x\":\"\xff\"}\n");
  EXPECT_NE(client.error().find("not valid JSON"), std::string::npos);
  client.send("{\"command\":\"fail\"}\n");
  EXPECT_EQ(client.error(), "it \"failed\"");
}

TEST_F(ControlSocket, json_nested_too_deep_is_refused) {
  startServer();
  EXPECT_EQ(call("{\"command\":\"echo\",\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}").error(),
            "the request is nested more than 64 deep");
}

TEST_F(ControlSocket, a_line_may_come_in_pieces_and_several_in_one_piece) {
  startServer();
  RawClient client(path_);
  for (const char c : std::string("{\"command\":\"echo\"}\n")) {
    client.send(std::string(1, c));
  }
  EXPECT_EQ(client.line(), R"({"ok":true,"result":{"command":"echo"}})");
  client.send("{\"command\":\"echo\",\"n\":1}\n{\"command\":\"echo\",\"n\":2}\n{\"command\":");
  EXPECT_EQ(client.line(), R"({"ok":true,"result":{"command":"echo","n":1}})");
  EXPECT_EQ(client.line(), R"({"ok":true,"result":{"command":"echo","n":2}})");
  client.send("\"fail\"}\n");
  EXPECT_EQ(client.error(), "it \"failed\"");
}

TEST_F(ControlSocket, a_large_request_passes_and_an_oversized_one_is_refused_and_the_connection_closed) {
  startServer({.lineBytes = 1024 * 1024});
  const std::string large = R"({"command":"echo","x":")" + std::string(1'000'000, 'x') + "\"}";
  const Answer answer = call(large);
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->size(), large.size());

  EXPECT_EQ(call(std::string(1024 * 1024 + 1, ' ')).error(), "the request is longer than 1048576 bytes");

  RawClient client(path_);
  client.send(std::string(2 * 1024 * 1024, ' '));
  EXPECT_EQ(client.error(), "the request is longer than 1048576 bytes");
  EXPECT_EQ(client.line(), std::nullopt);
}

TEST_F(ControlSocket, clients_are_served_at_the_same_time) {
  startServer();
  std::atomic<int> done = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] { done += call(R"({"command":"wait"})").ok() ? 1 : 0; });
  }
  EXPECT_TRUE(gate_.awaitWaiting(8));
  EXPECT_TRUE(call(R"({"command":"echo"})").ok());
  gate_.open();
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(done, 8);
}

TEST_F(ControlSocket, a_client_beyond_the_limit_is_told_and_the_place_of_one_that_left_is_free_again) {
  startServer({.connections = 2});
  {
    RawClient first(path_);
    RawClient second(path_);
    first.send("{\"command\":\"echo\"}\n");
    second.send("{\"command\":\"echo\"}\n");
    ASSERT_TRUE(first.line() && second.line());
    EXPECT_EQ(call(R"({"command":"echo"})").error(), "too many control connections; try again");
  }
  // The server sees that a client left when its thread next runs.
  Answer answer = call(R"({"command":"echo"})");
  for (int i = 0; i < 1000 && !answer; ++i) {
    std::this_thread::sleep_for(1ms);
    answer = call(R"({"command":"echo"})");
  }
  EXPECT_TRUE(answer.ok());
}

TEST_F(ControlSocket, a_client_that_sends_nothing_or_half_a_line_is_closed_at_the_deadline) {
  startServer({.deadline = 50ms});
  RawClient idle(path_);
  RawClient half(path_);
  half.send("{\"command\"");
  EXPECT_EQ(idle.line(), std::nullopt);
  EXPECT_EQ(half.line(), std::nullopt);
}

TEST_F(ControlSocket, a_client_that_does_not_take_its_answer_is_closed_at_the_deadline) {
  startServer({.connections = 1, .deadline = 50ms});
  RawClient client(path_);
  client.send(R"({"command":"echo","x":")" + std::string(4'000'000, 'x') + "\"}\n");
  // Its place is free again although it never read.
  Answer answer = call(R"({"command":"echo"})");
  for (int i = 0; i < 5000 && !answer; ++i) {
    std::this_thread::sleep_for(1ms);
    answer = call(R"({"command":"echo"})");
  }
  EXPECT_TRUE(answer.ok());
}

TEST_F(ControlSocket, a_caller_waits_no_longer_than_its_deadline) {
  startServer();
  EXPECT_EQ(call(R"({"command":"wait"})", 50ms).error(), "registryd did not answer on " + path_ + " in time");
}

TEST_F(ControlSocket, a_caller_is_told_when_nobody_listens) {
  EXPECT_EQ(call("{}").error(), "cannot connect to " + path_ + ": No such file or directory (is registryd running?)");
}

TEST_F(ControlSocket, its_file_is_for_owner_and_group_only) {
  const mode_t old = ::umask(0);
  startServer();
  ::umask(old);
  struct stat info {};
  ASSERT_EQ(::lstat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0660U);
}

TEST_F(ControlSocket, a_socket_that_a_dead_process_left_is_replaced) {
  {
    const base::Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(dead.get(), 1), 0);
  }
  startServer();
  EXPECT_TRUE(call(R"({"command":"echo"})").ok());
}

TEST_F(ControlSocket, a_socket_that_answers_is_left_alone) {
  startServer();
  EXPECT_EQ(startFailure(),
            "cannot listen on control socket " + path_ + ": another process answers there: Address already in use");
  EXPECT_TRUE(call(R"({"command":"echo"})").ok());
}

TEST_F(ControlSocket, a_file_that_is_no_socket_is_left_alone) {
  std::ofstream(path_) << "precious";
  EXPECT_NE(startFailure().find(path_ + ": a file that is no socket is in the way"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(ControlSocket, a_folder_that_is_missing_and_a_path_that_is_too_long_are_named) {
  path_ = folder_.string() + "/none/control.sock";
  EXPECT_EQ(startFailure(), "cannot listen on control socket " + path_ + ": No such file or directory");
  path_ = folder_.string() + "/" + std::string(120, 'x');
  EXPECT_EQ(startFailure(), "cannot listen on control socket " + path_ + ": File name too long");
}

TEST_F(ControlSocket, stopping_closes_idle_clients_and_removes_the_file) {
  startServer();
  RawClient client(path_);
  client.send("{\"command\":\"echo\"}\n");
  ASSERT_TRUE(client.line());
  server_->stop();
  server_->stop();
  EXPECT_EQ(client.line(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlSocket, stopping_leaves_the_socket_of_a_successor_alone) {
  startServer();
  std::filesystem::rename(path_, path_ + ".old");
  ControlServer successor(logger_);
  successor.start(path_);
  server_->stop();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ControlSocket, a_successor_takes_over_from_one_that_answers) {
  startServer();
  RawClient before(path_);
  ControlServer successor(logger_);
  successor.add("who", [](std::string_view) { return Answer("\"successor\""); });
  successor.start(path_, ControlStart::TakeOver);
  EXPECT_EQ(*call(R"({"command":"who"})"), "\"successor\"");
  before.send("{\"command\":\"echo\"}\n");
  EXPECT_TRUE(before.line());  // who was connected stays so
  server_->stop();
  EXPECT_TRUE(call(R"({"command":"who"})").ok());
}

TEST_F(ControlSocket, an_answer_that_is_there_goes_out_although_the_server_stops) {
  startServer();
  std::future<Answer> answer = std::async(std::launch::async, [this] { return call(R"({"command":"wait"})"); });
  ASSERT_TRUE(gate_.awaitWaiting(1));
  std::thread stopping([this] { server_->stop(); });
  gate_.open();
  stopping.join();
  const Answer taken = answer.get();
  EXPECT_TRUE(taken.ok()) << taken.error();
}

TEST_F(ControlSocket, a_name_can_be_taken_only_once) {
  ControlServer server(logger_);
  server.add("status", [](std::string_view) { return Answer("{}"); });
  EXPECT_THROW(server.add("status", [](std::string_view) { return Answer("{}"); }), std::logic_error);
}

}  // namespace
}  // namespace rha::control
