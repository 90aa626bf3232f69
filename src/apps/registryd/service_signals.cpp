#include "apps/registryd/service_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/error.h"

namespace rha::registryd {
namespace {

sigset_t handledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) {
    sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

ServiceSignals::ServiceSignals() {
  const sigset_t set = handledSignals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  descriptor_ = base::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_.valid()) {
    base::throwErrno("cannot make a signalfd", "");
  }
}

ServiceSignals::Event ServiceSignals::wait(std::chrono::milliseconds patience, int other) {
  std::array<pollfd, 2> waits{
      {{.fd = descriptor_.get(), .events = POLLIN, .revents = 0}, {.fd = other, .events = POLLIN, .revents = 0}}};
  ::poll(waits.data(), waits.size(), static_cast<int>(patience.count()));
  signalfd_siginfo info{};
  if (::read(descriptor_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return Event::Timeout;
  }
  switch (info.ssi_signo) {
    case SIGHUP:
      return Event::Reload;
    case SIGUSR2:
      return Event::HandOver;
    default:
      return Event::Terminate;
  }
}

void ServiceSignals::restoreDefaults() {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace rha::registryd
