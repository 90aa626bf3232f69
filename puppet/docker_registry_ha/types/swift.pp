# @summary OpenStack Swift: the settings `storage.swift.*` of registryd(8)
type Docker_registry_ha::Swift = Struct[{
    auth_url                  => Stdlib::HTTPUrl,
    user                      => String[1, 255],
    container                 => Pattern[/\A[^\/]{1,256}\z/],
    Optional[auth_version]    => Enum['1', '3'],
    Optional[user_domain]     => String[1, 255],
    Optional[project]         => String[1, 255],
    Optional[project_domain]  => String[1, 255],
    Optional[region]          => String[1, 255],
    Optional[endpoint_type]   => Enum['public', 'internal', 'admin'],
    Optional[prefix]          => String[1, 255],
    Optional[ca_file]         => Stdlib::Absolutepath,
    Optional[segment_bytes]   => Docker_registry_ha::Size,
    Optional[spool_bytes]     => Docker_registry_ha::Size,
    Optional[max_connections] => Integer[4, 4096],
    Optional[request_timeout] => Docker_registry_ha::Duration,
}]
