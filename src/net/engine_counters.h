// EngineCounters: what the engine counts for the metrics; their names are listed in server.h.
//
// Connection states are counted per event thread (no shared cache line is written per request) and added up when
// rendered.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace rha::net {

// What a connection is doing, as the operator sees it.
enum class ConnectionState : std::uint8_t { Handshake, Idle, Head, Busy, Lingering };
inline constexpr std::size_t kConnectionStates = 5;
std::string_view toString(ConnectionState state);

// Why a connection ended.
enum class CloseReason : std::uint8_t {
  ClientClosed,
  ClientGone,
  Answered,
  HandshakeFailed,
  HandshakeDeadline,
  IdleDeadline,
  HeadDeadline,
  BodyDeadline,
  Refused,
  SourceFailed,
  Shed,
  Stop,
  Internal
};
inline constexpr std::size_t kCloseReasons = 13;
std::string_view toString(CloseReason reason);

// Written by one event thread, read by any.
struct alignas(64) LoopCounters {
  std::array<std::atomic<std::uint64_t>, kConnectionStates> states{};

  void add(ConnectionState state, std::int64_t amount) {
    auto& value = states[static_cast<std::size_t>(state)];
    value.store(value.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(amount), std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get(ConnectionState state) const {
    return states[static_cast<std::size_t>(state)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t total() const;
};

struct EngineCounters {
  // The gauges read this object: it is shared with `metrics`.
  static std::shared_ptr<EngineCounters> make(base::MetricsRegistry& metrics, std::uint64_t loops);

  std::vector<std::unique_ptr<LoopCounters>> loops;
  std::atomic<std::uint64_t> workerQueue{0};
  std::atomic<std::uint64_t> bodyBytes{0};
  std::atomic<std::uint64_t> bodyWaiters{0};
  base::Counter* accepted = nullptr;
  base::Counter* acceptFailed = nullptr;
  base::Counter* shedIdle = nullptr;     // oldest idle one closed for a new one
  base::Counter* shedRefused = nullptr;  // 503
  base::Counter* shedDropped = nullptr;  // closed unanswered
  base::Counter* shedAddress = nullptr;  // 503, or closed unanswered: too many of one address
  base::Counter* proxyRefused = nullptr;
  base::Counter* requestsShed = nullptr;
  std::array<base::Counter*, kCloseReasons> closed{};
};

}  // namespace rha::net
