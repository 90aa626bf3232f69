#include "apps/registryd/successor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace rha::registryd {
namespace {

constexpr int kFirstPassed = 3;  // as sd_listen_fds(3) says
constexpr std::uint64_t kLongestCommand = 256 * 1024;
constexpr std::string_view kListenPid = "LISTEN_PID=";
// Room for the number, which only the new process knows.
constexpr std::string_view kListenPidRoom = "LISTEN_PID=          ";

bool isOurs(std::string_view variable) {
  const std::array<std::string_view, 6> names{
      "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "WATCHDOG_PID=", kPredecessorVariable, kAddressesVariable};
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return variable.starts_with(name); });
}

// All that the new process needs, made before fork(2): after it nothing may be allocated.
struct Image {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  char* listenPid = nullptr;     // where its number goes
  std::vector<base::Fd> passed;  // to become kFirstPassed and on; the last is the socket pair's end
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    all.push_back(text.data());
  }
  all.push_back(nullptr);
  return all;
}

// A duplicate above those that are passed, so that none is overwritten before its turn.
base::Fd raised(int descriptor, std::size_t count) {
  base::Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstPassed + static_cast<int>(count)));
  if (!copy.valid()) {
    base::throwErrno("cannot duplicate a socket for the process that takes over", "");
  }
  return copy;
}

void setEnvironment(Image& image, const std::vector<NamedSocket>& sockets, const CommonGround& ground) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!isOurs(*variable)) {
      image.environment.emplace_back(*variable);
    }
  }
  std::string names;
  for (const NamedSocket& each : sockets) {
    names += (names.empty() ? "" : ":") + each.name;
  }
  image.environment.push_back("LISTEN_FDS=" + std::to_string(sockets.size()));
  image.environment.push_back("LISTEN_FDNAMES=" + names);
  image.environment.push_back(std::string(kPredecessorVariable) + '=' + std::to_string(kFirstPassed + sockets.size()) +
                              ' ' + ground.places);
  image.environment.push_back(std::string(kAddressesVariable) + '=' + ground.addresses);
  image.environment.emplace_back(kListenPidRoom);
  image.envp = pointers(image.environment);
  image.listenPid = image.environment.back().data() + kListenPid.size();
}

Image makeImage(const std::vector<std::string>& command, const std::vector<NamedSocket>& sockets, const base::Fd& end,
                const CommonGround& ground) {
  Image image;
  image.arguments = command;
  image.argv = pointers(image.arguments);
  setEnvironment(image, sockets, ground);
  const std::size_t count = sockets.size() + 1;
  for (const NamedSocket& each : sockets) {
    image.passed.push_back(raised(each.socket.get(), count));
  }
  image.passed.push_back(raised(end.get(), count));
  return image;
}

// From here to exec only what is safe in the child of a program with threads: no memory, no locks.

void writeNumber(char* at, pid_t number) {
  std::array<char, 12> digits{};
  std::size_t count = 0;
  for (; number > 0; number /= 10) {
    digits[count++] = static_cast<char>('0' + number % 10);
  }
  while (count > 0) {
    *at++ = digits[--count];
  }
  *at = '\0';
}

void send(int socket, HandOverPacket packet) {
  static_cast<void>(!::send(socket, &packet, sizeof packet, MSG_NOSIGNAL));
}

[[noreturn]] void becomeSuccessor(const Image& image) {
  for (std::size_t i = 0; i < image.passed.size(); ++i) {
    ::dup2(image.passed[i].get(), kFirstPassed + static_cast<int>(i));
  }
  writeNumber(image.listenPid, ::getpid());
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(image.argv[0], image.argv.data(), image.envp.data());
  send(image.passed.back().get(), {HandOverPacket::Kind::CannotRun, errno});
  ::_exit(127);
}

[[noreturn]] void startAndLeave(const Image& image) {
  const pid_t pid = ::_Fork();
  if (pid == 0) {
    becomeSuccessor(image);
  }
  send(image.passed.back().get(), pid > 0 ? HandOverPacket{HandOverPacket::Kind::Started, pid}
                                          : HandOverPacket{HandOverPacket::Kind::CannotRun, errno});
  ::_exit(0);
}

void startByForkingTwice(const Image& image) {
  const pid_t between = ::_Fork();
  if (between == 0) {
    startAndLeave(image);
  }
  if (between < 0) {
    base::throwErrno("cannot start the process that takes over: fork", "");
  }
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Successor Successor::start(const std::vector<std::string>& command, const std::vector<NamedSocket>& sockets,
                           const CommonGround& ground) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    base::throwErrno("cannot make a socket pair", "");
  }
  Successor successor{base::Fd(ends[0])};
  const base::Fd other(ends[1]);
  startByForkingTwice(makeImage(command, sockets, other, ground));
  return successor;
}

Successor::News Successor::read() {
  HandOverPacket packet{};
  while (true) {
    const ssize_t size = ::recv(socket_.get(), &packet, sizeof packet, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      return News::None;
    }
    if (size != static_cast<ssize_t>(sizeof packet)) {
      return News::Gone;
    }
    switch (packet.kind) {
      case HandOverPacket::Kind::Started:
        pid_ = packet.number;
        break;
      case HandOverPacket::Kind::CannotRun:
        cannotRun_ = packet.number;
        break;
      case HandOverPacket::Kind::TakesRestart:
        takesRestart_ = true;
        break;
      case HandOverPacket::Kind::Ready:
        return News::Ready;
      case HandOverPacket::Kind::Reload:
        return News::Reload;
      default:
        break;  // of a newer version
    }
  }
}

void Successor::tell(HandOverPacket::Kind kind) const { send(socket_.get(), {kind, 0}); }

// It has the other end of the socket pair for as long as it lives, so the number is still its own.
void Successor::kill() {
  if (read() != News::Gone && pid_ > 0) {
    ::kill(pid_, SIGKILL);
  }
}

std::vector<std::string> ownCommand() {
  const std::string words = base::readFile("/proc/self/cmdline", kLongestCommand).value_or("");
  std::vector<std::string> command;
  for (const std::string_view word : base::split(words, '\0')) {
    command.emplace_back(word);
  }
  if (!command.empty() && words.ends_with('\0')) {
    command.pop_back();
  }
  command.resize(std::max<std::size_t>(command.size(), 1));
  command.front() = std::filesystem::read_symlink("/proc/self/exe").string();
  return command;
}

}  // namespace rha::registryd
