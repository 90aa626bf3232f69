#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <list>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "control/control_socket.h"
#include "control/line_channel.h"
#include "control/listening_socket.h"

namespace rha::control {
namespace {

using Json = nlohmann::json;

constexpr int kDeepestJson = 64;
// While no descriptor is free, accept(2) fails at once; wait so that the loop does not spin.
constexpr int kAcceptPauseMs = 100;
// For clients to take the answers of commands that ran when the server was stopped.
constexpr std::chrono::seconds kLastAnswers{2};

// Bytes that are not UTF-8 (from an errno text, a file name) are replaced, so that an answer can always be written.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string failure(const std::string& error) { return dump(Json{{"ok", false}, {"error", error}}); }

struct ParsedRequest {
  std::string command;
  std::string error;  // empty: command is good
};

ParsedRequest parseRequest(const std::string& line) {
  bool tooDeep = false;
  const auto limitDepth = [&tooDeep](int depth, Json::parse_event_t, Json&) {
    tooDeep = tooDeep || depth > kDeepestJson;
    return depth <= kDeepestJson;
  };
  try {
    const Json request = Json::parse(line, limitDepth);
    if (tooDeep) {
      return {"", "the request is nested more than " + std::to_string(kDeepestJson) + " deep"};
    }
    if (!request.is_object()) {
      return {"", "a request must be a JSON object"};
    }
    const auto command = request.find("command");
    if (command == request.end() || !command->is_string()) {
      return {"", "a request needs a \"command\" that is a string"};
    }
    return {command->get<std::string>(), ""};
  } catch (const Json::exception& error) {
    return {"", std::string("the request is not valid JSON: ") + error.what()};
  }
}

base::LogField userOf(int descriptor) {
  ucred peer{};
  socklen_t length = sizeof peer;
  const bool known = ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;
  return {"uid", known ? std::to_string(peer.uid) : "unknown"};
}

}  // namespace

class ControlServer::Impl final {
 public:
  Impl(const base::Logger& logger, ControlLimits limits) : logger_(logger), limits_(limits) {}

  void add(std::string name, Command command) {
    if (!commands_.emplace(name, std::move(command)).second) {
      throw std::logic_error("control command \"" + name + "\" exists twice");
    }
  }

  void start(const std::string& path, ControlStart how) {
    wake_ = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_.valid()) {
      base::throwErrno("cannot make an eventfd for control socket", path);
    }
    listening_.open(path, how);
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "control");
      acceptUntilStopped();
    });
  }

  void stop() {
    if (!thread_.joinable()) {
      return;
    }
    stopping_ = true;
    const std::uint64_t one = 1;
    // Cannot fail: an eventfd takes a 1 unless it holds 2^64-2.
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
    thread_.join();
    listening_.close();
  }

 private:
  // One client; its thread serves it and sets `ended`, the "control" thread joins and erases.
  struct Session {
    explicit Session(base::Fd socket) : channel(std::move(socket)) {}
    LineChannel channel;
    std::atomic<bool> ended = false;
    std::thread thread;
  };

  void acceptUntilStopped() {
    while (!stopping_) {
      pollfd waits[2] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                         {.fd = listening_.descriptor(), .events = POLLIN, .revents = 0}};
      ::poll(waits, 2, -1);
      joinEnded();
      if (waits[1].revents != 0 && !stopping_) {
        acceptOne();
      } else if (waits[0].revents != 0) {
        drainWake();
      }
    }
    endSessions();
  }

  // An answer that is there goes out: to hand over, for one, may be the last thing that is done here.
  void endSessions() {
    for (Session& session : sessions_) {
      session.channel.shutdownReading();
    }
    const auto deadline = std::chrono::steady_clock::now() + kLastAnswers;
    const auto living = [this] {
      return std::any_of(sessions_.begin(), sessions_.end(), [](const Session& session) { return !session.ended; });
    };
    while (living() && std::chrono::steady_clock::now() < deadline) {
      pollfd wait{.fd = wake_.get(), .events = POLLIN, .revents = 0};
      drainWake();
      if (living()) {
        ::poll(&wait, 1, kAcceptPauseMs);
      }
    }
    for (Session& session : sessions_) {
      session.channel.shutdownNow();
    }
    for (Session& session : sessions_) {
      session.thread.join();
    }
    sessions_.clear();
  }

  void drainWake() const {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_.get(), &count, sizeof count));
  }

  void acceptOne() {
    base::Fd socket = listening_.accept();
    if (!socket.valid()) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        logger_.warn("control_accept", {{"error", std::system_category().message(errno)}});
        ::poll(nullptr, 0, kAcceptPauseMs);
      }
      return;
    }
    if (sessions_.size() >= limits_.connections) {
      logger_.warn("control_refused", {{"reason", "too many connections"}, userOf(socket.get())});
      // The fresh socket's buffer takes this line at once.
      LineChannel(std::move(socket)).writeLine(failure("too many control connections; try again"), {});
      return;
    }
    Session& session = sessions_.emplace_back(std::move(socket));
    try {
      session.thread = std::thread([this, &session] { runSession(session); });
    } catch (const std::system_error& error) {
      logger_.warn("control_refused", {{"reason", "cannot start a thread"}, {"error", error.what()}});
      sessions_.pop_back();
    }
  }

  void joinEnded() {
    for (auto session = sessions_.begin(); session != sessions_.end();) {
      if (session->ended) {
        session->thread.join();
        session = sessions_.erase(session);
      } else {
        ++session;
      }
    }
  }

  void runSession(Session& session) {
    ::pthread_setname_np(::pthread_self(), "control-client");
    serve(session.channel);
    session.channel.shutdownNow();
    session.ended = true;
    // Lets the "control" thread take the slot back at once.
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  }

  void serve(LineChannel& channel) {
    std::string line;
    while (!stopping_) {
      const ChannelStatus status = channel.readLine(line, limits_.lineBytes, deadline());
      if (status == ChannelStatus::TooLong) {
        channel.writeLine(failure("the request is longer than " + std::to_string(limits_.lineBytes) + " bytes"),
                          deadline());
      }
      if (status != ChannelStatus::Ok ||
          channel.writeLine(answer(line, channel.descriptor()), deadline()) != ChannelStatus::Ok) {
        return;
      }
    }
  }

  std::string answer(const std::string& line, int descriptor) {
    const ParsedRequest request = parseRequest(line);
    if (!request.error.empty()) {
      return failure(request.error);
    }
    const auto command = commands_.find(request.command);
    if (command == commands_.end()) {
      return failure("unknown command " + dump(request.command) + " (known: " + knownCommands() + ")");
    }
    auto result = run(command->second, line);
    if (!result) {
      logger_.warn("control",
                   {{"command", command->first}, {"ok", false}, {"error", result.error()}, userOf(descriptor)});
      return failure(result.error());
    }
    logger_.debug("control", {{"command", command->first}, {"ok", true}, userOf(descriptor)});
    return R"({"ok":true,"result":)" + *result + "}";
  }

  static base::Result<std::string, std::string> run(const Command& command, const std::string& line) {
    try {
      return command(line);
    } catch (const std::exception& error) {
      return base::fail(std::string(error.what()));
    }
  }

  std::string knownCommands() const {
    std::string names;
    for (const auto& [name, command] : commands_) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return names;
  }

  SteadyTime deadline() const { return std::chrono::steady_clock::now() + limits_.deadline; }

  const base::Logger& logger_;
  const ControlLimits limits_;
  std::map<std::string, Command, std::less<>> commands_;  // constant after start()
  ListeningSocket listening_;
  base::Fd wake_;
  std::atomic<bool> stopping_ = false;
  std::list<Session> sessions_;  // of the thread "control" only
  std::thread thread_;
};

ControlServer::ControlServer(const base::Logger& logger, ControlLimits limits)
    : impl_(std::make_unique<Impl>(logger, limits)) {}
ControlServer::~ControlServer() { stop(); }
void ControlServer::add(std::string name, Command command) { impl_->add(std::move(name), std::move(command)); }
void ControlServer::start(const std::string& path, ControlStart how) { impl_->start(path, how); }
void ControlServer::stop() { impl_->stop(); }

}  // namespace rha::control
