#include "control/line_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace rha::control {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

int millisecondsUntil(SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

}  // namespace

LineChannel::LineChannel(base::Fd socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

ChannelStatus LineChannel::readLine(std::string& line, std::uint64_t mostBytes, SteadyTime deadline) {
  while (true) {
    const std::size_t end = buffer_.find('\n', searchedTo_);
    if (std::min(end, buffer_.size()) > mostBytes) {
      return ChannelStatus::TooLong;
    }
    if (end != std::string::npos) {
      line.assign(buffer_, 0, end);
      buffer_.erase(0, end + 1);
      searchedTo_ = 0;
      return ChannelStatus::Ok;
    }
    searchedTo_ = buffer_.size();
    if (const ChannelStatus status = waitFor(POLLIN, deadline); status != ChannelStatus::Ok) {
      return status;
    }
    char bytes[kReadBytes];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count == 0) {
      return ChannelStatus::Closed;
    }
    if (count > 0) {
      buffer_.append(bytes, static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      return errno == ECONNRESET ? ChannelStatus::Closed : ChannelStatus::Failed;
    }
  }
}

ChannelStatus LineChannel::writeLine(std::string_view line, SteadyTime deadline) {
  const ChannelStatus status = writeAll(line, deadline);
  return status == ChannelStatus::Ok ? writeAll("\n", deadline) : status;
}

ChannelStatus LineChannel::writeAll(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      if (const ChannelStatus status = waitFor(POLLOUT, deadline); status != ChannelStatus::Ok) {
        return status;
      }
    } else if (errno != EINTR) {
      return errno == EPIPE || errno == ECONNRESET ? ChannelStatus::Closed : ChannelStatus::Failed;
    }
  }
  return ChannelStatus::Ok;
}

ChannelStatus LineChannel::waitFor(short events, SteadyTime deadline) const {
  while (true) {
    pollfd wait{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&wait, 1, millisecondsUntil(deadline));
    if (ready > 0) {
      return ChannelStatus::Ok;
    }
    if (ready < 0 && errno != EINTR) {
      return ChannelStatus::Failed;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return ChannelStatus::Deadline;
    }
  }
}

void LineChannel::shutdownReading() { ::shutdown(socket_.get(), SHUT_RD); }

void LineChannel::shutdownNow() { ::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace rha::control
