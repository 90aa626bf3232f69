// AccessDocument: what access.yaml says, as plain data: accounts, rules, hosts, mode.
//
//   accounts:   {ci-build: {password_hashes: ["$6$…"]}, …}       several at once: rotation without an outage
//   uploaders:  [{host: build2001.codfw.wmnet, addresses: [10.192.0.5], accounts: [prod-build]}, …]
//   rules:      the longest matching namespace decides
//     - {namespace: "restricted/", pull: [kubernetes], push: [ci-restricted], delete: [], realm: {pull: …, push: …}}
//     - {namespace: "", pull: anonymous, push: [ci-build]}
//   catalog:         {allow: anonymous | [ACCOUNT, …], networks: [10.0.0.0/8]}
//   trusted_proxies: [10.2.1.13]                 whose X-Forwarded-For counts
//   challenge_hosts: [10.192.0.0/16]             who is asked for credentials on GET /v2/
//   limits:                                      the first that fits decides
//     - {name: anonymous, accounts: anonymous | [ACCOUNT, …], networks: [10.0.0.0/8], requests_per_second: 100,
//        burst: 400, blob_bytes: 5GiB}
//   mode:            {read_only: false, role: active, active_url: …}
//
// Values; thread-safe to read. Made by parseAccess() (access_file.h), which checks it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "access/ip_network.h"

namespace rha::access {

struct Account {
  std::string name;
  std::vector<std::string> passwordHashes;
  bool operator==(const Account&) const = default;
};

// Who may: everybody, or the named accounts.
struct Grant {
  bool anonymous = false;
  std::vector<std::string> accounts;
  bool operator==(const Grant&) const = default;
};

struct Uploader {
  std::string host;  // for messages only
  std::vector<IpNetwork> addresses;
  std::vector<std::string> accounts;
  bool operator==(const Uploader&) const = default;
};

struct Rule {
  std::string nameSpace;  // "restricted/" covers the repository "restricted" too; "" covers all
  Grant pull;
  Grant push;
  Grant remove;  // left out in the file: as push
  std::string pullRealm;
  std::string pushRealm;
  bool operator==(const Rule&) const = default;
};

struct CatalogAccess {
  Grant allow{true, {}};
  std::vector<IpNetwork> networks;  // empty: from everywhere
  bool operator==(const CatalogAccess&) const = default;
};

struct RequestRate {
  std::uint64_t perSecond = 0;  // 0: as often as it likes
  std::uint64_t burst = 0;      // how many at once, after a pause
  bool operator==(const RequestRate&) const = default;
};

// How much a client may ask for: each account by itself, and without an account each address (of IPv6: each /64).
struct ClientLimit {
  std::string name;                 // for messages and metrics
  std::optional<Grant> accounts;    // fits these accounts, or, anonymous, those who showed none; not set: all
  std::vector<IpNetwork> networks;  // and these addresses; empty: all
  RequestRate rate;
  std::uint64_t blobBytes = 0;  // largest blob to be uploaded; 0: limits.blob_bytes of registryd.yaml alone
  bool operator==(const ClientLimit&) const = default;
};

enum class Role : std::uint8_t { Active, Passive };

struct Mode {
  bool readOnly = false;
  Role role = Role::Active;
  std::string activeUrl;  // for the answer of a passive site
  [[nodiscard]] bool refusesWrites() const { return readOnly || role == Role::Passive; }
  bool operator==(const Mode&) const = default;
};

struct AccessDocument {
  std::vector<Account> accounts;
  std::vector<Uploader> uploaders;
  std::vector<Rule> rules;
  CatalogAccess catalog;
  std::vector<IpNetwork> trustedProxies;
  std::vector<IpNetwork> challengeHosts;
  std::vector<ClientLimit> limits;
  Mode mode;
  bool operator==(const AccessDocument&) const = default;
};

// The realm of challenges that belong to no rule: GET /v2/, the catalogue, repositories without a rule.
inline constexpr const char* kDefaultRealm = "docker-registry (push)";

}  // namespace rha::access
