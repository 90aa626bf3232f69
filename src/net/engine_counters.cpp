#include "net/engine_counters.h"

#include <string>

namespace rha::net {

std::string_view toString(ConnectionState state) {
  static constexpr std::array<std::string_view, kConnectionStates> kNames{"handshake", "idle", "head", "busy",
                                                                          "lingering"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view toString(CloseReason reason) {
  static constexpr std::array<std::string_view, kCloseReasons> kNames{
      "client_closed", "client_gone",   "answered",      "handshake_failed", "handshake_deadline",
      "idle_deadline", "head_deadline", "body_deadline", "refused",          "source_failed",
      "shed",          "stop",          "internal"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::uint64_t LoopCounters::total() const {
  std::uint64_t sum = 0;
  for (const auto& state : states) {
    sum += state.load(std::memory_order_relaxed);
  }
  return sum;
}

std::shared_ptr<EngineCounters> EngineCounters::make(base::MetricsRegistry& metrics, std::uint64_t loops) {
  auto counters = std::make_shared<EngineCounters>();
  for (std::uint64_t i = 0; i < loops; ++i) {
    counters->loops.push_back(std::make_unique<LoopCounters>());
  }
  for (std::size_t i = 0; i < kConnectionStates; ++i) {
    const auto state = static_cast<ConnectionState>(i);
    metrics.gaugeFunction("registry_ha_connections", "Open client connections by what they are doing.",
                          [counters, state] {
                            std::uint64_t sum = 0;
                            for (const auto& loop : counters->loops) {
                              sum += loop->get(state);
                            }
                            return static_cast<double>(sum);
                          },
                          {{"state", std::string(toString(state))}});
  }
  for (std::size_t i = 0; i < kCloseReasons; ++i) {
    counters->closed[i] = &metrics.counter("registry_ha_connections_closed_total", "Connections closed, by reason.",
                                           {{"reason", std::string(toString(static_cast<CloseReason>(i)))}});
  }
  const auto shed = [&metrics](const char* how) {
    return &metrics.counter("registry_ha_connections_shed_total",
                            "Connections given up for lack of room: an idle one closed, a new one refused with 503, "
                            "dropped unanswered, or either because its address has too many.",
                            {{"how", how}});
  };
  counters->shedIdle = shed("idle");
  counters->shedRefused = shed("refused");
  counters->shedDropped = shed("dropped");
  counters->shedAddress = shed("address");
  counters->proxyRefused = &metrics.counter("registry_ha_proxy_headers_refused_total",
                                            "Connections from a proxy without a good header of the PROXY protocol.");
  counters->accepted = &metrics.counter("registry_ha_connections_accepted_total", "Connections accepted.");
  counters->acceptFailed =
      &metrics.counter("registry_ha_accept_failures_total", "accept(2) failed, such as for lack of file descriptors.");
  counters->requestsShed = &metrics.counter("registry_ha_requests_shed_total",
                                            "Requests answered 503 because the queue for workers was full.");
  const auto gauge = [&](const char* name, const char* help, std::atomic<std::uint64_t> EngineCounters::*value) {
    metrics.gaugeFunction(name, help, [counters, value] { return static_cast<double>((*counters.*value).load()); });
  };
  gauge("registry_ha_worker_queue", "Tasks waiting for a worker thread.", &EngineCounters::workerQueue);
  gauge("registry_ha_body_buffer_bytes", "Memory in use by body buffers.", &EngineCounters::bodyBytes);
  gauge("registry_ha_body_buffer_waiting", "Bodies waiting for a buffer.", &EngineCounters::bodyWaiters);
  return counters;
}

}  // namespace rha::net
