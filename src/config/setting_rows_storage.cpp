#include "config/setting_rows.h"

namespace rha::config::rows {

std::vector<Setting> storage() {
  return {
      {.path = "storage.driver",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.driver),
       .choices = {"filesystem", "swift", "s3", "memory"},
       .help =
           "Where images lie: in a local folder, in OpenStack Swift, or in an S3 (Amazon's, Ceph's, …). \"memory\" is "
           "for tests: everything is lost at the end.",
       .since = "0.1"},
      {.path = "storage.filesystem.root",
       .type = SettingType::Path,
       .field = RHA_FIELD(storage.filesystem.root),
       .most = kLongestPath,
       .help = "Folder of the filesystem driver. The layout below it is that of CNCF distribution 2.8 "
               "(docker/registry/v2), so an existing folder of that registry can be taken over.",
       .since = "0.1"},
      {.path = "storage.peers_interval",
       .type = SettingType::Duration,
       .field = RHA_FIELD(storage.peersInterval),
       .most = 60 * kSecond,
       .help = "How often a registry on an object store asks what other registries on the same one have written, at a "
               "few requests each time: its lists know of it after that time and what the requests take. 0: never, for "
               "a registry that is alone on its storage.",
       .since = "0.1"},
      {.path = "storage.routes",
       .type = SettingType::RouteList,
       .field = RHA_FIELD(storageRoutes),
       .help = "Further storages, each for the repositories of some namespaces: maps of \"name\" (a word, for the log "
               "and for uploads on their way), \"namespaces\" (\"restricted\" covers the repository \"restricted\" "
               "and all below it; the longest that covers a repository decides) and what stands in the section storage "
               "otherwise: driver and that driver's settings. All other repositories lie in the storage of the section "
               "itself, as does the journal. A mount from one storage into another copies the blob.",
       .since = "0.1"},
  };
}

std::vector<Setting> swiftAccess() {
  return {
      {.path = "storage.swift.auth_url",
       .type = SettingType::OptionalUrl,
       .field = RHA_FIELD(storage.swift.authUrl),
       .most = kLongestPath,
       .help = "Where tokens come from: http://HOST/auth/v1.0 for auth_version 1, http://HOST/v3 for 3. All of "
               "storage.swift counts only with storage.driver swift. A change of this or of the user needs a "
               "restart; a change of the password does not.",
       .since = "0.1"},
      {.path = "storage.swift.auth_version",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.swift.authVersion),
       .choices = {"1", "3"},
       .help = "1: TempAuth (X-Auth-User, X-Auth-Key). 3: Keystone.",
       .since = "0.1"},
      {.path = "storage.swift.user",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.user),
       .most = kLongestName,
       .help = "User; with auth_version 1 as ACCOUNT:USER.",
       .since = "0.1"},
      {.path = "storage.swift.password_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.swift.passwordFile),
       .most = kLongestPath,
       .help = "File whose first line is the user's key or password. It is read again for each token, so a changed "
               "password needs no restart.",
       .since = "0.1"},
      {.path = "storage.swift.user_domain",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.userDomain),
       .least = 1,
       .most = kLongestName,
       .help = "Keystone domain of the user, by name.",
       .since = "0.1"},
      {.path = "storage.swift.project",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.project),
       .most = kLongestName,
       .help = "Keystone project (tenant), by name.",
       .since = "0.1"},
      {.path = "storage.swift.project_domain",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.projectDomain),
       .least = 1,
       .most = kLongestName,
       .help = "Keystone domain of the project, by name.",
       .since = "0.1"},
      {.path = "storage.swift.region",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.region),
       .most = kLongestName,
       .help = "Region of the Swift to take from Keystone's catalogue. Empty: the first.",
       .since = "0.1"},
      {.path = "storage.swift.endpoint_type",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.swift.endpointType),
       .choices = {"public", "internal", "admin"},
       .help = "Which of its endpoints to take from Keystone's catalogue.",
       .since = "0.1"},
  };
}

std::vector<Setting> swift() {
  return {
      {.path = "storage.swift.container",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.container),
       .most = kLongestContainer,
       .help =
           "Container that holds the images; made at the start if it is not there. The layout in it is that of CNCF "
           "distribution 2.8's swift driver, so that registry's container can be taken over. It must have the same "
           "name in all clusters that are kept in step by container-sync.",
       .since = "0.1"},
      {.path = "storage.swift.prefix",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.prefix),
       .most = kLongestName,
       .help = "Put before the name of every object; what the old registry calls prefix, too.",
       .since = "0.1"},
      {.path = "storage.swift.ca_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.swift.caFile),
       .most = kLongestPath,
       .help = "Certificate authorities (PEM) that Swift and Keystone are verified with. Empty: the system's.",
       .since = "0.1"},
      {.path = "storage.swift.segment_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.swift.segmentBytes),
       .least = kMiB,
       .most = 5 * kGiB,
       .help = "Size of the segments in which larger blobs are stored. An upload holds up to two in memory. A Swift "
               "that takes no objects of that size (max_file_size of its /info) is an error at the start.",
       .since = "0.1"},
      {.path = "storage.swift.spool_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.swift.spoolBytes),
       .least = 4 * kMiB,
       .most = 64 * kGiB,
       .help =
           "Memory for all uploads together: bytes that Swift has not acknowledged yet. At the limit segments become "
           "shorter, and reading from clients pauses.",
       .since = "0.1"},
      {.path = "storage.swift.max_connections",
       .type = SettingType::Count,
       .field = RHA_FIELD(storage.swift.maxConnections),
       .least = 4,
       .most = 4096,
       .help = "Requests to Swift at once; a download in progress is one.",
       .since = "0.1"},
      {.path = "storage.swift.request_timeout",
       .type = SettingType::Duration,
       .field = RHA_FIELD(storage.swift.requestTimeout),
       .least = 100,
       .most = kHour,
       .help = "Longest time Swift may take to answer, or a body make no progress, before the request is made again.",
       .since = "0.1"},
  };
}

}  // namespace rha::config::rows
