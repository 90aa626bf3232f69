#include "apps/registryd/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "access/ip_network.h"
#include "api/error_response.h"
#include "apps/registryd/access_commands.h"
#include "apps/registryd/logging.h"
#include "apps/registryd/tls_parts.h"
#include "base/files.h"
#include "base/hasher.h"
#include "config/settings_text.h"
#include "storage/storage_error.h"

namespace rha::registryd {
namespace {

// Counts changes of settings while the program runs; all are read at the start only.
constexpr int kSettingsGeneration = 1;
// Longer than a new process may take to start.
constexpr std::chrono::seconds kHandOverPatience{110};

// Whether an address is one of the networks'; null when there are none.
std::function<bool(const net::Address&)> proxyPredicate(const std::vector<std::string>& networks) {
  if (networks.empty()) {
    return nullptr;
  }
  std::vector<access::IpNetwork> proxies;
  proxies.reserve(networks.size());
  for (const std::string& network : networks) {
    proxies.push_back(access::IpNetwork::parse(network).value());
  }
  return [proxies](const net::Address& peer) {
    const auto address = access::IpAddress::parse(peer.host());
    return address && access::containsAny(proxies, *address);
  };
}

net::ServerSettings serverSettings(const config::StartupSettings& settings) {
  net::ServerSettings server;
  server.head.headBytes = settings.limits.headBytes;
  server.maxConnections = settings.http.maxConnections;
  server.maxConnectionsPerAddress = settings.http.maxConnectionsPerAddress;
  server.speaksProxy = proxyPredicate(settings.http.proxyProtocol.from);
  server.eventThreads = settings.http.eventThreads;
  server.workerThreads = settings.http.workerThreads;
  server.workerQueue = settings.limits.workerQueue;
  server.bodyBufferBytes = settings.limits.bodyBufferBytes;
  server.bodyBudgetBytes = settings.limits.bodyBudgetBytes;
  server.headDeadline = settings.http.headDeadline;
  server.idleDeadline = settings.http.idleDeadline;
  server.bodyDeadline = settings.http.bodyDeadline;
  return server;
}

// Few clients, small answers.
net::ServerSettings debugServerSettings() {
  net::ServerSettings server;
  server.maxConnections = 64;
  server.eventThreads = 1;
  server.workerThreads = 2;
  server.workerQueue = 64;
  server.bodyBudgetBytes = 1024 * 1024;
  return server;
}

api::ApiSettings apiSettings(const config::StartupSettings& settings) {
  api::ApiSettings api;
  api.catalogMaxEntries = settings.catalog.maxEntries;
  api.manifestBytes = settings.limits.manifestBytes;
  api.relativeLocations = settings.http.relativeLocations;
  return api;
}

api::AnswerCacheSettings cacheSettings(const config::CacheSettings& settings, std::uint64_t bytes) {
  return {.bytes = bytes, .entries = settings.memoryEntries, .largestBytes = settings.objectBytes};
}

// The soft limit is 1024 by default, whatever the program could have.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string joined(const std::vector<net::Address>& addresses) {
  std::string text;
  for (const net::Address& address : addresses) {
    text += (text.empty() ? "" : ",") + address.text();
  }
  return text;
}

}  // namespace

class Daemon::DebugObserver final : public net::ExchangeObserver {
 public:
  void onStart(const net::Request&) noexcept override {}
  void onEnd(const net::Request&, const net::ExchangeResult&) noexcept override {}
  net::Response onException(const net::Request&, std::exception_ptr error) noexcept override {
    return api::exceptionResponse(error);
  }
  net::Response onRefused(const net::Address&, int status, std::string_view reason) noexcept override {
    return api::statusResponse(status, reason);
  }
  net::Response onUnserved(const net::Request&, int status, std::string_view reason) noexcept override {
    return api::statusResponse(status, reason);
  }
};

Daemon::Daemon(config::StartupSettings settings, std::string version)
    : settings_(std::move(settings)),
      version_(std::move(version)),
      logger_(makeLogger(settings_.log)),
      auditLogger_(makeAuditLogger()) {}

Daemon::~Daemon() { stop(std::chrono::milliseconds(0)); }

void Daemon::start(SystemSockets sockets, Predecessor* predecessor) {
  predecessor_ = predecessor;
  raiseDescriptorLimit();
  if (predecessor_ == nullptr) {
    // First, because it refuses to start beside another registryd before anything of that one's is touched.
    startControl();
  }
  openAccess();
  tls_ = openTls(settings_.http.tls, clock_, logger_, metrics_);
  parts_ = openRegistry(settings_, clock_, logger_, metrics_, storageUse());
  housekeeper_ = std::make_unique<Housekeeper>(
      *parts_, settings_.uploads.purgeInterval, logger_, metrics_,
      HousekeepingConditions{.mayWrite = [this] { return storageUse() == storage::OpenFor::Writing; },
                             .alone = [this] { return predecessor_ == nullptr || predecessor_->ended(); },
                             .leftoversAfter = settings_.uploads.purgeAfter});
  peerWatch_ = std::make_unique<PeerWatch>(*parts_, settings_.storage.peersInterval, logger_, metrics_,
                                           [this] { return storageUse() == storage::OpenFor::Writing; });
  fsck_ = std::make_unique<Fsck>(
      *parts_,
      Fsck::Settings{.ledger = std::filesystem::path(settings_.index.path).parent_path() / "fsck.sqlite",
                     .maxManifestBytes = settings_.limits.manifestBytes,
                     .whyReadOnly = [this] { return whyReadOnly(); }},
      clock_, logger_, auditScopeOf(settings_.log.audit) == AuditScope::Off ? nullptr : &auditLogger_);
  openServer(sockets);
  openDebugServer(sockets);
  if (predecessor_ == nullptr) {
    housekeeper_->start();
  } else {
    housekeeper_->openLists();  // until it has, the other one serves alone
  }
  peerWatch_->start();
  server_->start();
  if (debugServer_) {
    debugServer_->start();
  }
  started_ = true;
  if (predecessor_ != nullptr) {
    startControl();  // last: one that does not come up leaves it to the other
  }
  logStarted();
  warnOfOpenRegistry();
}

void Daemon::takeOver() {
  housekeeper_->start();
  // What the predecessor was told while this one started.
  if (access_ || tls_) {
    reloadParts();
  }
}

std::vector<NamedSocket> Daemon::listeningSockets() const {
  std::vector<NamedSocket> sockets;
  std::vector<base::Fd> copies = server_->listeningCopies();
  for (std::size_t i = 0; i < copies.size(); ++i) {
    sockets.push_back({std::move(copies[i]), i < plainCount_ ? "http" : "https"});
  }
  for (base::Fd& copy : debugServer_ ? debugServer_->listeningCopies() : std::vector<base::Fd>()) {
    sockets.push_back({std::move(copy), "debug"});
  }
  return sockets;
}

std::string Daemon::whyNoHandOver() const {
  const auto isMemory = [](const config::StorageSettings& storage) { return storage.driver == "memory"; };
  const bool any =
      isMemory(settings_.storage) || std::any_of(settings_.storageRoutes.begin(), settings_.storageRoutes.end(),
                                                 [&](const auto& route) { return isMemory(route.storage); });
  return any ? "storage.driver is memory: what is stored would be lost" : "";
}

void Daemon::handOver() {
  housekeeper_->yield();
  fsck_->stop();
  server_->drain();
  if (debugServer_) {
    debugServer_->stop(std::chrono::milliseconds(0));
  }
}

bool Daemon::finished() const {
  // Whoever was before this one may end later; the successor reads the journal again when both have.
  return server_->connections() == 0 && (predecessor_ == nullptr || predecessor_->ended());
}

void Daemon::tellPredecessor() {
  if (predecessor_ != nullptr) {
    predecessor_->reload();
  }
}

void Daemon::openAccess() {
  if (settings_.access.file.empty()) {
    openGate_ = std::make_unique<access::AnonymousGate>(std::make_shared<access::AllowAll>());
    return;
  }
  const auto lastGood = std::filesystem::path(settings_.index.path).parent_path() / "access-last-good.yaml";
  access_ = std::make_unique<access::AccessControl>(lastGood, clock_, logger_, metrics_);
  access_->beforeWrites([this] {
    if (parts_) {
      beginWriting(*parts_);
    }
  });
  access_->open(settings_.access.file);
}

void Daemon::warnOfOpenRegistry() const {
  for (const net::Address& address : server_->addresses()) {
    if (!access_ && !address.host().starts_with("127.") && address.host() != "::1") {
      logger_.warn("open_to_everybody",
                   {{"listen", address.text()},
                    {"to_do", "set access.file: without it, whoever reaches this address may push and delete"}});
    }
  }
}

void Daemon::reload() {
  if (!access_ && !tls_) {
    logger_.info("reload_ignored", {{"reason",
                                     "there is no access.file and no certificate; other settings are read at "
                                     "the start"}});
    return;
  }
  reloadParts();
}

Reloaded Daemon::reloadParts() {
  Reloaded reloaded = reloadAll({access_.get(), settings_.access.file, tls_.get()}, clock_.now());
  for (const std::string& fault : reloaded.accessFaults) {
    logger_.error("access_file_broken", {{"error", fault}});
  }
  for (const std::string& fault : reloaded.tlsFaults) {
    logger_.error("certificates_broken", {{"error", fault}, {"effect", "those that were in force stay in force"}});
  }
  if (tls_ && reloaded.tlsFaults.empty()) {
    logger_.info("certificates_loaded", {{"generation", tls_->status().generation}});
  }
  tellPredecessor();
  return reloaded;
}

base::Result<std::string, std::string> Daemon::reloadByControl() {
  if (!started_) {
    return base::fail(std::string("registryd is starting; ask again"));
  }
  const Reloaded reloaded = reloadParts();
  std::string faults;
  for (const auto* list : {&reloaded.accessFaults, &reloaded.tlsFaults}) {
    for (const std::string& fault : *list) {
      faults += (faults.empty() ? "" : "\n") + fault;
    }
  }
  if (!faults.empty()) {
    return base::fail(std::move(faults));
  }
  return reloaded.result.dump();
}

const access::Gate& Daemon::gate() const { return access_ ? static_cast<access::Gate&>(*access_) : *openGate_; }

void Daemon::openServer(SystemSockets& sockets) {
  answers_ = std::make_unique<api::AnswerCache>(
      cacheSettings(settings_.cache, memoryShares(parts_->storages->all(), settings_.cache).answers), metrics_);
  handler_ = std::make_unique<api::RegistryHandler>(api::Services{.answers = *answers_,
                                                                  .blobs = parts_->blobs,
                                                                  .manifests = parts_->manifests,
                                                                  .uploads = parts_->uploads,
                                                                  .referrers = parts_->referrers,
                                                                  .schema1 = parts_->schema1,
                                                                  .index = *parts_->index,
                                                                  .listGate = housekeeper_->lists(),
                                                                  .gate = gate()},
                                                    apiSettings(settings_));
  net::Handler* front = handler_.get();
  if (!settings_.homepage.path.empty()) {
    homepage_ = std::make_unique<api::HomepageHandler>(settings_.homepage.path, *handler_, gate());
    front = homepage_.get();
  }
  exchangeLog_ = std::make_unique<ExchangeLog>(settings_.log.access ? AccessLog::Every : AccessLog::Failures, clock_,
                                               logger_, metrics_);
  auditLog_ = std::make_unique<AuditLog>(auditScopeOf(settings_.log.audit), auditLogger_, *exchangeLog_);
  server_ = std::make_unique<net::Server>(serverSettings(settings_), *front, *auditLog_, clock_, logger_, metrics_);
  listenOn(sockets.http, settings_.http.listen, nullptr);
  plainCount_ = server_->addresses().size();
  if (!tls_ && !sockets.https.empty()) {
    throw std::runtime_error("systemd passed a socket named \"https\", but http.tls.certificate is not set");
  }
  listenOn(sockets.https, settings_.http.tls.listen, tls_.get());
  if (tls_ && tlsAddresses().empty()) {
    logger_.warn("tls_unused", {{"to_do",
                                 "set http.tls.listen, or enable docker-registry-ha-https.socket: there is a "
                                 "certificate, and no address to use it on"}});
  }
}

// Sockets that were passed replace the addresses of the settings.
void Daemon::listenOn(std::vector<base::Fd>& sockets, const std::vector<std::string>& addresses,
                      net::TransportFactory* transports) {
  for (base::Fd& socket : sockets) {
    server_->adopt(std::move(socket), transports);
  }
  if (!sockets.empty()) {
    return;
  }
  std::vector<net::Address> parsed;
  parsed.reserve(addresses.size());
  for (const std::string& address : addresses) {
    parsed.push_back(*net::Address::parse(address));
  }
  // So that 0.0.0.0 and :: may stand beside each other in any order.
  std::stable_partition(parsed.begin(), parsed.end(), [](const auto& address) { return address.host() != "::"; });
  for (const net::Address& address : parsed) {
    server_->listen(address, transports);
  }
}

SelfCheckTarget Daemon::selfCheckTarget() const {
  SelfCheckTarget target{.address = server_->addresses().front(), .tls = plainCount_ == 0};
  const auto speaksProxy = proxyPredicate(settings_.http.proxyProtocol.from);
  // Where the host connects to all addresses, it does so from loopback.
  const bool anywhere = target.address.host() == "::" || target.address.host() == "0.0.0.0";
  const net::Address from = anywhere ? *net::Address::parse("127.0.0.1:0") : target.address;
  target.proxied = speaksProxy && speaksProxy(from);
  return target;
}

std::vector<net::Address> Daemon::plainAddresses() const {
  std::vector<net::Address> all = server_->addresses();
  all.resize(plainCount_);
  return all;
}

std::vector<net::Address> Daemon::tlsAddresses() const {
  std::vector<net::Address> all = server_->addresses();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(plainCount_));
  return all;
}

void Daemon::openDebugServer(SystemSockets& sockets) {
  if (sockets.debug.empty() && settings_.http.debugListen.empty()) {
    return;
  }
  debugHandler_ = std::make_unique<api::DebugHandler>(metrics_, [this] { return failedChecks(); });
  debugObserver_ = std::make_unique<DebugObserver>();
  debugServer_ = std::make_unique<net::Server>(debugServerSettings(), *debugHandler_, *debugObserver_, clock_, logger_,
                                               debugMetrics_);
  for (base::Fd& socket : sockets.debug) {
    debugServer_->adopt(std::move(socket));
  }
  if (sockets.debug.empty()) {
    debugServer_->listen(*net::Address::parse(settings_.http.debugListen));
  }
}

storage::OpenFor Daemon::storageUse() const {
  return access_ && access_->refusesWrites() ? storage::OpenFor::Reading : storage::OpenFor::Writing;
}

std::string Daemon::whyReadOnly() const {
  if (predecessor_ != nullptr && !predecessor_->ended()) {
    return "the process that was replaced (docker-registryctl status) still writes to the storage";
  }
  if (storageUse() == storage::OpenFor::Writing) {
    return "";
  }
  return access_->status().mode.role == access::Role::Passive
             ? "this registry is passive, so its storage is written to elsewhere"
             : "this registry is in read-only mode";
}

void Daemon::addFsckCommands() {
  const auto add = [&](const char* name, Fsck::Answer (*run)(Fsck&, std::string_view)) {
    control_->add(name, [this, run](std::string_view request) -> Fsck::Answer {
      return started_ ? run(*fsck_, request) : base::fail(std::string("registryd is starting; ask again"));
    });
  };
  add("fsck_start", [](Fsck& fsck, std::string_view request) { return fsck.start(request); });
  add("fsck_status", [](Fsck& fsck, std::string_view request) { return fsck.status(request); });
  add("fsck_stop", [](Fsck& fsck, std::string_view) { return fsck.cancel(); });
}

// Called by monitoring every few seconds: one small write, as CNCF distribution's check of its storage.
std::map<std::string, std::string> Daemon::failedChecks() const {
  try {
    parts_->storages->check(storageUse());
    return {};
  } catch (const storage::StorageError& error) {
    return {{"storage", error.what()}};
  }
}

void Daemon::startControl() {
  if (settings_.control.socket.empty()) {
    return;
  }
  base::createFolders(std::filesystem::path(settings_.control.socket).parent_path(), base::Durability::Relaxed);
  control_ = std::make_unique<control::ControlServer>(logger_);
  control_->add("status", [this](std::string_view) { return status(); });
  control_->add("reload", [this](std::string_view) { return reloadByControl(); });
  addFsckCommands();
  control_->add("hand_over", [this](std::string_view) { return handOverRequests_.ask(kHandOverPatience); });
  addAccessCommands(
      *control_, [this]() -> access::AccessControl* { return started_ ? access_.get() : nullptr; },
      [this] { tellPredecessor(); });
  control_->start(settings_.control.socket,
                  predecessor_ == nullptr ? control::ControlStart::Alone : control::ControlStart::TakeOver);
}

base::Result<std::string, std::string> Daemon::status() const {
  if (!started_) {
    return base::fail(std::string("registryd is starting; ask again"));
  }
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - startedAt_);
  nlohmann::json status{
      {"version", version_},
      {"pid", ::getpid()},
      {"uptime_seconds", uptime.count()},
      {"generation", kSettingsGeneration},
      {"settings", {{"hash", "sha256:" + base::hashHex(base::HashAlgorithm::Sha256, config::toYaml(settings_))}}},
      {"listen", joined(plainAddresses())},
      {"storage", {{"driver", parts_->storages->names()}}},
      {"connections", server_->connections()},
      {"uploads", parts_->uploads.active()}};
  if (predecessor_ != nullptr && !predecessor_->ended()) {
    status["predecessor"] = {{"pid", predecessor_->pid()}, {"state", "finishes its transfers"}};
  }
  status["access"] = access_ ? accessStatusJson(access_->status(), settings_.access.file)
                             : nlohmann::json{{"state", "open to everybody"}};
  if (tls_) {
    status["tls"] = tlsStatusJson(tls_->status(), clock_.now());
    status["tls"]["listen"] = joined(tlsAddresses());
  }
  nlohmann::json& index = status["index"];
  index["state"] = housekeeper_->indexText();
  try {
    const index::Statistics statistics = parts_->index->statistics();
    index["repositories"] = statistics.repositories;
    index["tags"] = statistics.tags;
    index["manifests"] = statistics.manifests;
    index["bytes_on_disk"] = statistics.bytesOnDisk;
    index["dirty"] = parts_->index->dirtyRepositories().size();
  } catch (const index::IndexError& error) {
    index["error"] = error.what();
  }
  return status.dump();
}

std::string Daemon::statusText() const {
  return "version " + version_ + " on " + joined(server_->addresses()) + ", " + std::to_string(server_->connections()) +
         " connections, index " + housekeeper_->indexText();
}

void Daemon::logStarted() const {
  logger_.info("start", {{"version", version_},
                         {"listen", joined(plainAddresses())},
                         {"tls_listen", tlsAddresses().empty() ? "off" : joined(tlsAddresses())},
                         {"debug_listen", debugServer_ ? joined(debugServer_->addresses()) : "off"},
                         {"storage", parts_->storages->names()},
                         {"index", housekeeper_->indexText()},
                         {"access", access_ ? settings_.access.file : "off"},
                         {"control", settings_.control.socket.empty() ? "off" : settings_.control.socket}});
}

void Daemon::stop(std::chrono::milliseconds deadline) {
  if (control_) {
    control_->stop();
  }
  if (fsck_) {
    fsck_->stop();
  }
  if (server_) {
    server_->stop(deadline);
  }
  if (peerWatch_) {
    peerWatch_->stop();
  }
  if (housekeeper_) {
    housekeeper_->stop();  // after the last write, to note in the index how far the journal is settled
  }
  if (debugServer_) {
    debugServer_->stop(std::chrono::milliseconds(0));
  }
}

}  // namespace rha::registryd
