#include "config/distribution_keys.h"

#include <array>

namespace rha::config {
namespace {

struct Row {
  std::string_view key;  // this, or what is below it
  std::string_view advice;
};

constexpr std::array kRows = {
    Row{"version", ""},
    Row{"loglevel", "as log.level of later versions: set log.level"},
    Row{"log.accesslog", "see log.access"},
    Row{"log.formatter", "lines are key=value, always"},
    Row{"log.fields", "fields of your own are not added to log lines; journald has host and unit"},
    Row{"log.hooks", "no mail is sent: let monitoring watch for level=error"},
    Row{"log", "has no equivalent"},
    Row{"storage.cache", "not needed: the registry keeps what it read in its own memory (cache.memory_bytes)"},
    Row{"storage.redirect", "not needed: blobs are served by the registry itself, never by a redirect to the storage"},
    Row{"storage.maintenance.uploadpurging.dryrun",
        "there is no dry run: abandoned uploads are removed after "
        "uploads.purge_after"},
    Row{"storage.maintenance.uploadpurging.enabled", "abandoned uploads are always removed, after uploads.purge_after"},
    Row{"storage.maintenance.readonly", "see mode.read_only in access.yaml"},
    Row{"storage.tag", "not needed: tags are listed from the index"},
    Row{"storage.filesystem.maxthreads", "not needed: http.worker_threads bounds what goes on at once"},
    Row{"storage.swift.insecureskipverify",
        "certificates are always verified: give the authority in "
        "storage.swift.ca_file"},
    Row{"storage.swift.tempurl", "not needed: blobs are served by the registry itself"},
    Row{"storage.swift.tenantid", "projects are named, not numbered: set storage.swift.project"},
    Row{"storage.swift.domainid", "domains are named, not numbered: set storage.swift.user_domain and project_domain"},
    Row{"storage.swift.trustid", "trusts of Keystone are not supported: use an account of the project"},
    Row{"storage.swift.secretkey", "not needed: it signed redirects to the storage"},
    Row{"storage.swift.accesskey", "not needed: it signed redirects to the storage"},
    Row{"storage.swift", "has no equivalent"},
    Row{"storage.s3.encrypt", "set encryption as the bucket's default"},
    Row{"storage.s3.keyid", "set the key of the bucket's default encryption"},
    Row{"storage.s3.secure", "whether TLS is used is in storage.s3.endpoint: https://… or http://…"},
    Row{"storage.s3.skipverify", "certificates are always verified: give the authority in storage.s3.ca_file"},
    Row{"storage.s3.v4auth", "requests are always signed by version 4"},
    Row{"storage.s3.chunksize", "set storage.s3.part_bytes if the default does not suit"},
    Row{"storage.s3.multipartcopy", "not needed: what is uploaded is not copied afterwards"},
    Row{"storage.s3.storageclass", "set it by a rule of the bucket's life cycle"},
    Row{"storage.s3.objectacl", "set it as the bucket's policy"},
    Row{"storage.s3", "has no equivalent"},
    Row{"storage", "has no equivalent"},
    Row{"auth.token", "tokens of an external service are not checked; give accounts in access.yaml"},
    Row{"auth.silly", "it let anybody in; give accounts in access.yaml"},
    Row{"auth", "has no equivalent; give accounts in access.yaml"},
    Row{"middleware",
        "there are no plug-ins. A CDN in front of the registry may cache blobs (they say so by "
        "Cache-Control)"},
    Row{"reporting", "errors are in the log (level=error), not sent to a service"},
    Row{"http.net", "a Unix socket, if you need one, is systemd's: see docker-registry-ha.socket"},
    Row{"http.prefix", "the registry answers at /v2/ only: let the proxy in front remove the prefix"},
    Row{"http.host",
        "not needed: Locations are relative (http.relative_locations), so clients stay at the name they "
        "asked"},
    Row{"http.secret",
        "registryd makes its own; nodes that share a storage need one http.secret_file with the same "
        "content"},
    Row{"http.draintimeout", "requests under way are waited for at a stop, for as long as the unit allows"},
    Row{"http.headers", "fixed headers are not added: let a proxy in front do so"},
    Row{"http.http2", "HTTP/1.1 only: a proxy in front may speak HTTP/2"},
    Row{"http.tls.clientcas", "certificates of clients are not asked for: use accounts, or a proxy in front"},
    Row{"http.tls.ciphersuites", "the safe ones are offered, always"},
    Row{"http.tls.letsencrypt", "let certbot get the certificate; it is read again without a restart"},
    Row{"http.tls", "has no equivalent"},
    Row{"http.debug.prometheus", "metrics are always there: http://ADDRESS/metrics at http.debug_listen"},
    Row{"http", "has no equivalent"},
    Row{"notifications",
        "nobody is called at a push: the homepage has a feed of recent pushes, and the audit log each "
        "one"},
    Row{"redis", "not needed: no server runs beside the registry"},
    Row{"health", "always there: http://ADDRESS/debug/health at http.debug_listen checks the storage"},
    Row{"proxy", "it was a cache of another registry: this program does not fetch from others"},
    Row{"compatibility", "old manifests are served as they are stored; new ones of schema 1 are not accepted"},
    Row{"validation", "a manifest may refer only to what its repository has; foreign layers may have any URL"},
    Row{"policy", "has no equivalent"},
};

bool covers(std::string_view row, std::string_view key) { return key.starts_with(row); }

}  // namespace

std::string_view adviceOnDistributionKey(std::string_view key) {
  const Row* best = nullptr;
  for (const Row& row : kRows) {
    if (covers(row.key, key) && (best == nullptr || row.key.size() > best->key.size())) {
      best = &row;
    }
  }
  return best != nullptr ? best->advice
                         : "not a setting of docker-registry 2.x that is known here: it had no effect, "
                           "or is newer";
}

}  // namespace rha::config
