#include <nlohmann/json.hpp>
#include <system_error>

#include "control/control_socket.h"
#include "control/line_channel.h"
#include "control/listening_socket.h"

namespace rha::control {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestAnswer = 64 * 1024 * 1024;

std::string errnoText() { return std::generic_category().message(errno); }

// What the operator is told; nullopt when all is well.
std::optional<std::string> explain(ChannelStatus status, const std::string& path) {
  switch (status) {
    case ChannelStatus::Ok:
      return std::nullopt;
    case ChannelStatus::Closed:
      return "registryd closed the connection on " + path + " without an answer";
    case ChannelStatus::TooLong:
      return "registryd's answer on " + path + " is too long";
    case ChannelStatus::Deadline:
      return "registryd did not answer on " + path + " in time";
    case ChannelStatus::Failed:
      return "the connection to " + path + " failed: " + errnoText();
  }
  return std::nullopt;
}

base::Result<std::string, std::string> resultOf(const std::string& answer, const std::string& path) {
  const Json json = Json::parse(answer, nullptr, false);
  if (json.is_object()) {
    const auto ok = json.find("ok");
    const auto result = json.find("result");
    const auto error = json.find("error");
    if (ok != json.end() && *ok == true && result != json.end()) {
      return result->dump();
    }
    if (ok != json.end() && *ok == false && error != json.end() && error->is_string()) {
      return base::fail(error->get<std::string>());
    }
  }
  return base::fail("what answers on " + path + " is not registryd");
}

}  // namespace

base::Result<std::string, std::string> callControl(const std::string& path, std::string_view requestJson,
                                                   std::chrono::milliseconds deadline) {
  const SteadyTime end = std::chrono::steady_clock::now() + deadline;
  base::Fd socket = connectTo(path);
  if (!socket.valid()) {
    return base::fail("cannot connect to " + path + ": " + errnoText() + " (is registryd running?)");
  }
  LineChannel channel(std::move(socket));
  // A daemon that has too many connections answers and closes without reading: look for its answer even then.
  const ChannelStatus sent = channel.writeLine(requestJson, end);
  if (const auto fault = sent == ChannelStatus::Closed ? std::nullopt : explain(sent, path)) {
    return base::fail(*fault);
  }
  std::string answer;
  if (const auto fault = explain(channel.readLine(answer, kLongestAnswer, end), path)) {
    return base::fail(*fault);
  }
  return resultOf(answer, path);
}

}  // namespace rha::control
