// Daemon: registryd's composition root. Builds every part by the settings, starts them in order and ends them in order.
//
//   main address ── net::Server ── api::HomepageHandler ── api::RegistryHandler ── RegistryParts ── storage, index
//   debug address ─ net::Server ── api::DebugHandler ───── metrics
//   control socket ControlServer ── status, reload, apply_access, explain, fsck_start, fsck_status, fsck_stop,
//   hand_over
//       {"command":"hand_over"} <- {"pid":…,"predecessor":…} once a new process serves, or an error
//       {"command":"reload"} <- what reload.h gives, or an error with every fault, one a line
//   "house" ─────── Housekeeper ── RegistryParts
//   "fsck" ──────── Fsck ───────── RegistryParts
//
// One thread (main). Failure: start() throws std::exception with a text for the operator; what was started by then ends
// with the object.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "access/access_control.h"
#include "api/debug_handler.h"
#include "api/homepage_handler.h"
#include "api/registry_handler.h"
#include "apps/registryd/audit_log.h"
#include "apps/registryd/exchange_log.h"
#include "apps/registryd/fsck.h"
#include "apps/registryd/hand_over_requests.h"
#include "apps/registryd/housekeeper.h"
#include "apps/registryd/peer_watch.h"
#include "apps/registryd/predecessor.h"
#include "apps/registryd/registry_parts.h"
#include "apps/registryd/reload.h"
#include "apps/registryd/self_check.h"
#include "apps/registryd/successor.h"
#include "apps/registryd/system_sockets.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "control/control_socket.h"
#include "net/server.h"
#include "net/tls.h"

namespace rha::registryd {

class Daemon final {
 public:
  Daemon(config::StartupSettings settings, std::string version);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Opens storage and index, listens, and serves when it returns. `sockets`, where there are any, replace the addresses
  // of the settings.
  //
  // With a `predecessor` (borrowed), which serves beside it until takeOver(), it takes the control socket from it and
  // does no housekeeping yet.
  void start(SystemSockets sockets, Predecessor* predecessor = nullptr);
  // The predecessor does no housekeeping any more: this one does.
  void takeOver();

  // Duplicates, for a successor. After start().
  [[nodiscard]] std::vector<NamedSocket> listeningSockets() const;
  // Why this one cannot hand over; empty if it can.
  [[nodiscard]] std::string whyNoHandOver() const;
  // A successor serves: stops accepting, leaves housekeeping to it, and finishes what it has. stop() is still to come.
  void handOver();
  // After handOver(): whether nothing is left to finish.
  [[nodiscard]] bool finished() const;
  [[nodiscard]] std::uint64_t connections() const { return server_->connections(); }
  // Who waits for the outcome of SIGUSR2.
  [[nodiscard]] HandOverRequests& handOverRequests() { return handOverRequests_; }

  // Ends what start() started; requests under way have until the deadline. Idempotent.
  void stop(std::chrono::milliseconds deadline);

  [[nodiscard]] const base::Logger& logger() const { return logger_; }
  // Where it answers, after start(), and how.
  [[nodiscard]] SelfCheckTarget selfCheckTarget() const;
  // Reads access.file and the certificates anew; the outcome is in the log. What has errors changes nothing.
  void reload();
  // One line for `systemctl status`.
  [[nodiscard]] std::string statusText() const;

 private:
  // Does nothing: scrapes are not requests of the registry.
  class DebugObserver;

  void openAccess();
  // Passive and read-only registries send their storage no write.
  storage::OpenFor storageUse() const;
  void warnOfOpenRegistry() const;
  [[nodiscard]] const access::Gate& gate() const;
  void openServer(SystemSockets& sockets);
  void listenOn(std::vector<base::Fd>& sockets, const std::vector<std::string>& addresses,
                net::TransportFactory* transports);
  void openDebugServer(SystemSockets& sockets);
  void startControl();
  // Rules or certificates have changed: so they do for the connections that the predecessor still has.
  void tellPredecessor();
  std::map<std::string, std::string> failedChecks() const;
  base::Result<std::string, std::string> status() const;
  base::Result<std::string, std::string> reloadByControl();
  void addFsckCommands();
  std::string whyReadOnly() const;
  Reloaded reloadParts();
  [[nodiscard]] std::vector<net::Address> plainAddresses() const;
  [[nodiscard]] std::vector<net::Address> tlsAddresses() const;
  void logStarted() const;

  const config::StartupSettings settings_;
  const std::string version_;
  const base::Logger logger_;
  const base::Logger auditLogger_;
  const base::SystemClock clock_;
  const base::SteadyTime startedAt_ = clock_.steady();
  base::MetricsRegistry metrics_;
  base::MetricsRegistry debugMetrics_;  // of the debug server's own connections; shown nowhere
  HandOverRequests handOverRequests_;
  Predecessor* predecessor_ = nullptr;  // null: there was none
  std::atomic<bool> started_ = false;   // the control thread must not look at what follows before it is
  // Built by start(), in this order.
  std::unique_ptr<access::AccessControl> access_;    // null: no access.file
  std::unique_ptr<access::AnonymousGate> openGate_;  // instead
  std::unique_ptr<net::TlsTransportFactory> tls_;    // null: no certificate
  std::unique_ptr<RegistryParts> parts_;
  std::unique_ptr<Housekeeper> housekeeper_;
  std::unique_ptr<Fsck> fsck_;
  std::unique_ptr<PeerWatch> peerWatch_;
  std::unique_ptr<api::AnswerCache> answers_;
  std::unique_ptr<api::RegistryHandler> handler_;
  std::unique_ptr<api::HomepageHandler> homepage_;  // in front of it; null: off
  std::unique_ptr<ExchangeLog> exchangeLog_;
  std::unique_ptr<AuditLog> auditLog_;
  std::unique_ptr<net::Server> server_;
  std::size_t plainCount_ = 0;  // of its addresses; the others speak TLS
  std::unique_ptr<api::DebugHandler> debugHandler_;
  std::unique_ptr<DebugObserver> debugObserver_;
  std::unique_ptr<net::Server> debugServer_;  // null: no debug address
  std::unique_ptr<control::ControlServer> control_;
};

}  // namespace rha::registryd
