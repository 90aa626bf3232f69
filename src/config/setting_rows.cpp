#include "config/setting_rows.h"

namespace rha::config::rows {

std::vector<Setting> index() {
  return {
      {.path = "index.path",
       .type = SettingType::Path,
       .field = RHA_FIELD(index.path),
       .most = kLongestPath,
       .help = "The index, an SQLite file on a local disk. It is made anew from the storage when it is lost.",
       .since = "0.1"},
  };
}

std::vector<Setting> limits() {
  return {
      {.path = "limits.manifest_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.manifestBytes),
       .least = kKiB,
       .most = 64 * kMiB,
       .help = "Largest manifest that is accepted.",
       .since = "0.1"},
      {.path = "limits.blob_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.blobBytes),
       .help = "Largest blob that is accepted. 0: no limit.",
       .since = "0.1"},
      {.path = "limits.head_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.headBytes),
       .least = kKiB,
       .most = kMiB,
       .help = "Largest request line and header together.",
       .since = "0.1"},
      {.path = "limits.body_buffer_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.bodyBufferBytes),
       .least = 4 * kKiB,
       .most = 16 * kMiB,
       .help = "Memory for one body on its way.",
       .since = "0.1"},
      {.path = "limits.body_budget_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.bodyBudgetBytes),
       .least = kMiB,
       .most = 64 * kGiB,
       .help = "Memory for all bodies together. At the limit, reading from clients pauses.",
       .since = "0.1"},
      {.path = "limits.worker_queue",
       .type = SettingType::Count,
       .field = RHA_FIELD(limits.workerQueue),
       .least = 1,
       .most = 1'000'000,
       .help = "Requests that may wait for a worker. Beyond, they are answered with 503.",
       .since = "0.1"},
  };
}

std::vector<Setting> other() {
  return {
      {.path = "catalog.max_entries",
       .type = SettingType::Count,
       .field = RHA_FIELD(catalog.maxEntries),
       .least = 1,
       .most = 100'000,
       .help = "Entries on one page of the catalogue, and the largest n a client may ask for.",
       .since = "0.1"},
      {.path = "uploads.purge_after",
       .type = SettingType::Duration,
       .field = RHA_FIELD(uploads.purgeAfter),
       .least = kHour,
       .most = 3650 * kDay,
       .help = "Age at which an upload that was not finished is removed; rounded up to whole hours.",
       .since = "0.1"},
      {.path = "uploads.purge_interval",
       .type = SettingType::Duration,
       .field = RHA_FIELD(uploads.purgeInterval),
       .least = kSecond,
       .most = 30 * kDay,
       .help = "How often such uploads are looked for.",
       .since = "0.1"},
      {.path = "log.level",
       .type = SettingType::Choice,
       .field = RHA_FIELD(log.level),
       .choices = {"error", "warn", "info", "debug"},
       .help = "What is logged: error (someone must act), warn (may have to), info (life cycle and requests), debug.",
       .since = "0.1"},
      {.path = "log.access",
       .type = SettingType::Boolean,
       .field = RHA_FIELD(log.access),
       .help = "One line per request. If false, only requests that ended with 500 or above, or broke off, are logged.",
       .since = "0.1"},
      {.path = "log.audit",
       .type = SettingType::Choice,
       .field = RHA_FIELD(log.audit),
       .choices = {"all", "writes", "off"},
       .help =
           "One line (event=audit) for each write and each refusal: who, from where, what, by which rule. It does not "
           "depend on log.level and log.access. \"writes\" leaves the refusals out.",
       .since = "0.1"},
      {.path = "access.file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(access.file),
       .most = kLongestPath,
       .help = "Accounts, rules, uploading hosts and mode (access.yaml). What it says is read anew on SIGHUP and by "
               "registry-acl-reloader, without a restart. Empty: everybody may do everything.",
       .since = "0.1"},
      {.path = "control.socket",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(control.socket),
       .most = kLongestSocketPath,
       .help = "Unix socket through which docker-registryctl talks to the daemon. Empty: off.",
       .since = "0.1"},
  };
}

std::vector<Setting> homepage() {
  return {
      {.path = "homepage.path",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(homepage.path),
       .most = kLongestPath,
       .help = "Folder of the site that registry-homepage-builder writes, and registryd serves at \"/\". The folder it "
               "is in must be writable for the builder. Empty: there is no homepage.",
       .since = "0.1"},
      {.path = "homepage.registry_name",
       .type = SettingType::OptionalHost,
       .field = RHA_FIELD(homepage.registryName),
       .most = 255,
       .help = "Name that clients pull by, with the port if it is not 443: \"registry.example.org\". The homepage "
               "shows it. Empty: the name of the host. With an object store it must be set: the builder asks the "
               "registry by this name for the labels and times of images.",
       .since = "0.1"},
  };
}

}  // namespace rha::config::rows
