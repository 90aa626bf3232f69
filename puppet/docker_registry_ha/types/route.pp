# @summary A further storage, and the namespaces that lie in it: one of `storage.routes` of registryd(8)
type Docker_registry_ha::Route = Struct[{
    namespaces      => Array[Pattern[/\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?\z/], 1],
    driver          => Enum['filesystem', 'swift', 's3'],
    Optional[root]  => Stdlib::Absolutepath,
    Optional[swift] => Docker_registry_ha::Swift,
    Optional[s3]    => Docker_registry_ha::S3,
}]
