// Request and ResponseHead: what is asked of another server, and the first part of what it says.
//
// Values; a request's body is borrowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rha::fetch {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A request's body: bytes of known length that can be read again from any place, so that the request can be repeated.
class RequestBody {
 public:
  RequestBody() = default;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  virtual ~RequestBody() = default;

  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Copies the bytes at `offset` into `buffer`; returns how many (0 only at the end). Throws when they cannot be had.
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
};

// Bytes in memory, borrowed.
class MemoryBody final : public RequestBody {
 public:
  explicit MemoryBody(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  std::size_t read(std::uint64_t offset, std::span<std::byte> buffer) const override;

 private:
  std::string_view bytes_;
};

// Zero: no such deadline.
struct Deadlines {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds firstByte{60'000};   // from the end of the request to the first byte of the answer
  std::chrono::milliseconds noProgress{60'000};  // of a body in either direction, not counting a reader who is away
  std::chrono::milliseconds total{0};            // the whole exchange
};

enum class Redirects : std::uint8_t { AsAnswer, Follow };

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers = {};
  const RequestBody* body = nullptr;  // null: none, and no Content-Length
  Deadlines deadlines = {};
  Redirects redirects = Redirects::AsAnswer;  // Follow: at most five; Authorization goes to the same host only
};

struct ResponseHead {
  int status = 0;
  Headers headers;

  // The value of the first header of that name in any case; nullopt if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // Content-Length, when it is given and a number.
  [[nodiscard]] std::optional<std::uint64_t> contentLength() const;
};

struct Response {
  ResponseHead head;
  std::string body;
};

}  // namespace rha::fetch
