// LineChannel: lines over a connected stream socket, each with a deadline. Internal to control.
//
// Owns the socket. One thread at a time; another may only call the two that shut down, which end a wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace rha::control {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class ChannelStatus : std::uint8_t {
  Ok,
  Closed,   // by the peer, or by shutdownNow(); a line that was begun is lost
  TooLong,  // the line does not end within the limit
  Deadline,
  Failed,  // errno says why
};

class LineChannel final {
 public:
  // `socket` is connected or connecting; it is made non-blocking.
  explicit LineChannel(base::Fd socket);

  // The next line without its '\n' into `line`.
  ChannelStatus readLine(std::string& line, std::uint64_t mostBytes, SteadyTime deadline);
  // `line` and a '\n'.
  ChannelStatus writeLine(std::string_view line, SteadyTime deadline);

  void shutdownNow();
  // Ends a wait for lines; what is being written still goes out. Any thread.
  void shutdownReading();
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  ChannelStatus waitFor(short events, SteadyTime deadline) const;
  ChannelStatus writeAll(std::string_view bytes, SteadyTime deadline);

  base::Fd socket_;
  std::string buffer_;          // received, not yet returned
  std::size_t searchedTo_ = 0;  // no '\n' before this
};

}  // namespace rha::control
