# @summary An S3: the settings `storage.s3.*` of registryd(8)
type Docker_registry_ha::S3 = Struct[{
    bucket                    => Pattern[/\A[^\/]{1,255}\z/],
    Optional[region]          => String[1, 255],
    Optional[endpoint]        => Stdlib::HTTPUrl,
    Optional[path_style]      => Boolean,
    Optional[prefix]          => Pattern[/\A[^\/](.{0,253}[^\/])?\z/],
    Optional[ca_file]         => Stdlib::Absolutepath,
    Optional[part_bytes]      => Docker_registry_ha::Size,
    Optional[spool_bytes]     => Docker_registry_ha::Size,
    Optional[max_connections] => Integer[16, 4096],
    Optional[request_timeout] => Docker_registry_ha::Duration,
}]
