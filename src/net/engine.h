// What the parts of one Server share, and what they tell each other.
//
// Engine is made by the Server before any thread and outlives them all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "net/address_limiter.h"
#include "net/body_budget.h"
#include "net/engine_counters.h"
#include "net/handler.h"
#include "net/server.h"
#include "net/worker_pool.h"

namespace rha::net {

struct Engine {
  Engine(const ServerSettings& s, Handler& h, ExchangeObserver& o, const base::Clock& c, const base::Logger& l,
         std::shared_ptr<EngineCounters> k)
      : settings(s),
        handler(h),
        observer(o),
        clock(c),
        logger(l),
        counters(std::move(k)),
        limiter(s.maxConnectionsPerAddress),
        budget(s.bodyBudgetBytes, s.bodyBufferBytes, {counters->bodyBytes, counters->bodyWaiters}),
        workers(s.workerThreads, s.workerQueue, counters->workerQueue) {}

  ServerSettings settings;
  Handler& handler;
  ExchangeObserver& observer;
  const base::Clock& clock;
  const base::Logger& logger;
  std::shared_ptr<EngineCounters> counters;  // shared with the metrics registry, which outlives the server
  AddressLimiter limiter;
  BodyBudget budget;
  WorkerPool workers;
  std::atomic<bool> stopping{false};  // every answer from now on is its connection's last
};

}  // namespace rha::net
