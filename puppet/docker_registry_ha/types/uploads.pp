# @summary Unfinished uploads: the settings `uploads.*` of registryd(8)
type Docker_registry_ha::Uploads = Struct[{
    Optional[purge_after]    => Docker_registry_ha::Duration,
    Optional[purge_interval] => Docker_registry_ha::Duration,
}]
