#include "config/setting_rows.h"

namespace rha::config::rows {

std::vector<Setting> s3Access() {
  return {
      {.path = "storage.s3.bucket",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.s3.bucket),
       .most = kLongestName,
       .help = "Bucket that holds the images. It must be there. The layout in it is that of CNCF distribution 2.8's s3 "
               "driver, so that registry's bucket can be taken over. All of storage.s3 counts only with storage.driver "
               "s3.",
       .since = "0.1"},
      {.path = "storage.s3.region",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.s3.region),
       .least = 1,
       .most = kLongestName,
       .help =
           "Region of the bucket. An S3 that is not Amazon's mostly takes us-east-1, or the name of its zone group.",
       .since = "0.1"},
      {.path = "storage.s3.endpoint",
       .type = SettingType::OptionalUrl,
       .field = RHA_FIELD(storage.s3.endpoint),
       .most = kLongestPath,
       .help = "Where the S3 is: https://HOST[:PORT]. Empty: Amazon's of the region.",
       .since = "0.1"},
      {.path = "storage.s3.path_style",
       .type = SettingType::Boolean,
       .field = RHA_FIELD(storage.s3.pathStyle),
       .help = "Whether requests go to HOST/BUCKET instead of BUCKET.HOST: for an S3 whose name service knows no "
               "buckets.",
       .since = "0.1"},
      {.path = "storage.s3.credentials_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.s3.credentialsFile),
       .most = kLongestPath,
       .help = "File with the lines \"aws_access_key_id = …\", \"aws_secret_access_key = …\" and, for temporary ones, "
               "\"aws_session_token = …\". It is read again when it has changed, so other keys need no restart.",
       .since = "0.1"},
  };
}

std::vector<Setting> s3() {
  return {
      {.path = "storage.s3.prefix",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.s3.prefix),
       .most = kLongestName,
       .help = "Put before every key, without a slash at its ends; what the old registry calls rootdirectory.",
       .since = "0.1"},
      {.path = "storage.s3.ca_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.s3.caFile),
       .most = kLongestPath,
       .help = "Certificate authorities (PEM) that the S3 is verified with. Empty: the system's.",
       .since = "0.1"},
      {.path = "storage.s3.part_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.s3.partBytes),
       .least = 5 * kMiB,
       .most = kGiB,
       .help =
           "Size of the parts in which larger blobs are sent; a blob has at most 10,000. An upload holds up to two in "
           "memory.",
       .since = "0.1"},
      {.path = "storage.s3.spool_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.s3.spoolBytes),
       .least = 8 * kMiB,
       .most = 64 * kGiB,
       .help = "Memory for all uploads together: bytes that the S3 has not acknowledged yet. At the limit parts become "
               "smaller, and reading from clients pauses.",
       .since = "0.1"},
      {.path = "storage.s3.max_connections",
       .type = SettingType::Count,
       .field = RHA_FIELD(storage.s3.maxConnections),
       .least = 16,
       .most = 4096,
       .help = "Requests to the S3 at once; a download in progress is one.",
       .since = "0.1"},
      {.path = "storage.s3.request_timeout",
       .type = SettingType::Duration,
       .field = RHA_FIELD(storage.s3.requestTimeout),
       .least = 100,
       .most = kHour,
       .help = "Longest time the S3 may take to answer, or a body make no progress, before the request is made again.",
       .since = "0.1"},
  };
}

}  // namespace rha::config::rows
